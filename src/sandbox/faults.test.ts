import { describe, expect, test } from "bun:test";
import { createFaults, type FaultSettings, faultNames, parseFaults } from "./faults.ts";

describe("the text of faults", () => {
	test.each([
		["", {}],
		["charge:timeout_after=0.1", { charge: { timeout_after: 0.1 } }],
		[
			"charge:timeout_after=0.1,latency=20..80;refund:error_after=0.05",
			{ charge: { timeout_after: 0.1, latency: "20..80" }, refund: { error_after: 0.05 } },
		],
		[
			" all : refuse = 0.5 , latency = 40~0.5 ; charge : truncate = 0.25 ",
			{
				charge: { refuse: 0.5, latency: "40~0.5", truncate: 0.25 },
				refund: { refuse: 0.5, latency: "40~0.5" },
			},
		],
		["refund:rate_limit=1,retry_after_s=3", { refund: { rate_limit: 1, retry_after_s: 3 } }],
	])("%p", (text, settings) => {
		expect(parseFaults(text)).toEqual(settings as FaultSettings);
	});

	test.each([
		["refuse=0.1", 'no kind ""'],
		["payout:refuse=0.1", 'no kind "payout"'],
		["charge:explode=0.1", 'no fault "explode"'],
		["charge:refuse", "refuse is no probability"],
		["charge:refuse=often", "refuse is no probability"],
		["charge:refuse=-0.1", "refuse is no probability"],
		["charge:refuse=0.7,truncate=0.7", "together"],
		["charge:latency=5-9", "latency is no time"],
		["charge:retry_after_s=soon", "retry_after_s is no time"],
	])("%p is refused with what there is", (text, message) => {
		expect(() => parseFaults(text)).toThrow(message);
		expect(() => parseFaults(text)).toThrow(/timeout_after.*latency=MS\.\.MS/);
	});
});

const draws = (settings: FaultSettings, count: number, seed = 1) => {
	const faults = createFaults(settings, seed);
	return Array.from({ length: count }, () => faults.draw("charge"));
};

describe("what is drawn", () => {
	test("follows the shares, and nothing else befalls", () => {
		const shares = Object.fromEntries(faultNames.map((name, at) => [name, 0.02 * (at + 1)]));
		const drawn = draws({ charge: shares }, 50_000);
		for (const [name, share] of Object.entries(shares)) {
			const count = drawn.filter(({ fault }) => fault === name).length;
			expect(Math.abs(count / drawn.length - share)).toBeLessThan(0.006);
		}
	});

	test("is the same for the same seed, and another for another", () => {
		const settings = { charge: { refuse: 0.5, latency: "1..100" } };
		expect(draws(settings, 100, 5)).toEqual(draws(settings, 100, 5));
		expect(draws(settings, 100, 6)).not.toEqual(draws(settings, 100, 5));
	});

	test("is nothing for kinds without settings", () => {
		const faults = createFaults({ refund: { refuse: 1 } }, 1);
		expect(faults.draw("charge")).toMatchObject({ fault: undefined, latency_ms: 0 });
		expect(faults.draw("refund").fault).toBe("refuse");
	});

	test("is a latency that is fixed, in a range, or around a median with a long tail", () => {
		const latencies = (latency: string) =>
			draws({ charge: { latency } }, 10_000).map(({ latency_ms }) => latency_ms);
		expect(new Set(latencies("25"))).toEqual(new Set([25]));
		const uniform = latencies("20..80");
		expect(Math.min(...uniform)).toBeWithin(20, 21);
		expect(Math.max(...uniform)).toBeWithin(79, 80);
		const tailed = latencies("40~0.5").sort((one, other) => one - other);
		expect(tailed[5_000]).toBeWithin(38, 42);
		const p99 = 40 * Math.exp(0.5 * 2.326);
		expect(tailed[9_900]).toBeWithin(p99 * 0.9, p99 * 1.1);
	});
});
