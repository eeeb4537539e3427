import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";

const MAIN = resolve(import.meta.dir, "../torture/main.ts");
/** Half a minute of torture, and as long as a busy machine may need to come to rest. */
const RUN_MS_MAX = 600_000;
const SHORT_RUN = ["--seed", "3", "--minutes", "0.5", "--rate", "15", "--faults", "60", "--json"];

async function torture(...args: readonly string[]) {
	const command = Bun.spawn([process.execPath, MAIN, ...args], {
		stdin: "ignore",
		stdout: "pipe",
		stderr: "pipe",
		timeout: RUN_MS_MAX,
	});
	const [stdout, stderr] = await Promise.all([
		new Response(command.stdout).text(),
		new Response(command.stderr).text(),
	]);
	return { code: await command.exited, stdout, stderr };
}

describe("bun run torture", () => {
	test("has the same schedule for the same seed, and another for another", async () => {
		const plan = async (seed: string) => (await torture("--plan", "--seed", seed)).stdout;
		const [one, again, other] = await Promise.all([plan("5"), plan("5"), plan("6")]);
		expect(one).toBe(again);
		expect(one).not.toBe(other);
		expect(one.split("\n").length).toBeGreaterThan(10);
	});

	test("says what is wrong with its flags, and what there is", async () => {
		const [wrong, brokers, unknown, help] = await Promise.all([
			torture("--minutes", "soon"),
			torture("--brokers", "2"),
			torture("--forever"),
			torture("--help"),
		]);
		expect([wrong.code, brokers.code, unknown.code, help.code]).toEqual([2, 2, 2, 0]);
		expect(wrong.stderr).toStartWith("--minutes soon: must be a number from");
		expect(brokers.stderr).toStartWith("--brokers 2: must be 1 or 3.");
		expect(unknown.stderr).toContain("--forever");
		expect(help.stdout).toContain("--seed N");
	});

	test("loses the broker's store in a run that is long enough, and never with three brokers", async () => {
		const losses = async (...args: readonly string[]) =>
			(await torture("--plan", ...args)).stdout.split("nats-amnesia").length - 1;
		const [short, minute, ten, three] = await Promise.all([
			losses("--minutes", "0.9"),
			losses("--minutes", "1"),
			losses("--minutes", "10"),
			losses("--minutes", "10", "--brokers", "3"),
		]);
		expect({ short, minute, ten, three }).toEqual({ short: 0, minute: 1, ten: 2, three: 0 });
	});

	test(
		"breaks no promise in half a minute",
		async () => {
			const { code, stdout, stderr } = await torture(...SHORT_RUN);
			process.stdout.write(stdout);
			expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
			const { violations, orders, faults, absorbed } = JSON.parse(stdout);
			expect(violations).toBe(0);
			expect(orders).toBeGreaterThan(0);
			expect(faults).toBeGreaterThan(0);
			expect(absorbed.redeliveries).toBeGreaterThan(0);
		},
		RUN_MS_MAX + 10_000,
	);
});
