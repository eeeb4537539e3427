import { beforeEach, describe, expect, test } from "bun:test";
import { createLog } from "../telemetry/log.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import type { Gateway, GatewayRequest, GatewayResult, LookUpResult } from "./gateway.ts";
import { type Failure, GatewayError, notSent } from "./gateway-error.ts";
import { createGuardedGateway, type GuardSettings } from "./guarded-gateway.ts";

const paid: GatewayResult = { state: "succeeded", reference: "ref" };
const declined: GatewayResult = { state: "declined", code: "lost_card" };
const SOON_MS = 60_000;
/** Longer than any call here has. */
const LONG_MS = 3_600_000;

function unknown(failure: Failure): GatewayResult & LookUpResult {
	return { state: "unknown", error: new GatewayError(failure, "as the test says") };
}

function away(failure: Failure, retry_after_ms?: number): GatewayResult {
	return notSent(new GatewayError(failure, "as the test says", retry_after_ms));
}

/** A gateway that answers as the test says, when the test says. */
function createScripted() {
	let answer = (_: GatewayRequest): GatewayResult | Promise<GatewayResult> => paid;
	let look = (): LookUpResult => ({ state: "not_found" });
	const scripted = {
		calls: 0,
		running: 0,
		running_max: 0,
		answers(next: typeof answer) {
			answer = next;
		},
		finds(next: typeof look) {
			look = next;
		},
	};
	const gateway: Gateway = {
		capacity: () => Number.POSITIVE_INFINITY,
		async submit([request], _, tell) {
			scripted.calls++;
			scripted.running_max = Math.max(scripted.running_max, ++scripted.running);
			await new Promise(setImmediate);
			tell(0, await answer(request as GatewayRequest));
			scripted.running--;
		},
		async lookUp() {
			scripted.calls++;
			return look();
		},
		async *books() {},
	};
	return { scripted, gateway };
}

let number = 0;
function order(): GatewayRequest {
	const key = `key-${++number}`;
	const of = { kind: "charge", order_id: key, amount: 100, currency: "EUR" } as const;
	return { key, ...of, payment_token: undefined, charge_reference: undefined };
}

const orders = (count: number) => Array.from({ length: count }, order);

let lines: { level: string; msg: string; err?: { message: string } }[] = [];
let metrics = createMetrics();
beforeEach(() => {
	lines = [];
	metrics = createMetrics();
});

function guard(settings: Partial<GuardSettings> = {}) {
	const { scripted, gateway: inner } = createScripted();
	const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
	const log = createLog({ level: "info", pretty: false, destination });
	const limits = { calls_in_flight_max: 8, breaker_failures: 3, pause_ms: 60_000, ...settings };
	const gateway = createGuardedGateway(inner, limits, { log, metrics });
	return { scripted, gateway };
}

async function submit(
	gateway: Gateway,
	requests: readonly GatewayRequest[],
	within_ms = SOON_MS,
): Promise<GatewayResult[]> {
	const results: GatewayResult[] = [];
	await gateway.submit(requests, performance.now() + within_ms, (position, result) => {
		results[position] = result;
	});
	return results;
}

async function metric(series: string): Promise<number> {
	const line = (await metrics.render()).split("\n").find((text) => text.startsWith(`${series} `));
	return Number(line?.slice(series.length + 1));
}

const states = (results: readonly GatewayResult[]) => results.map(({ state }) => state);
const failures = (results: readonly GatewayResult[]) =>
	results.map((result) => "error" in result && (result.error as GatewayError).failure);

describe("the limit", () => {
	test("bounds the calls under way, and every request is told once, at its position", async () => {
		const { scripted, gateway } = guard({ calls_in_flight_max: 4 });
		const requests = orders(50);
		scripted.answers(({ key }) => ({ state: "succeeded", reference: key }));
		const results = await submit(gateway, requests);
		const references = requests.map(({ key: reference }) => ({ state: "succeeded", reference }));
		expect(results).toEqual(references as GatewayResult[]);
		expect([scripted.calls, scripted.running_max]).toEqual([50, 4]);
	});

	test("is lowered by calls turned away, once for those that began together, and grows back", async () => {
		const { scripted, gateway } = guard({ calls_in_flight_max: 8 });
		scripted.answers(() => away("rate_limited", LONG_MS));
		await submit(gateway, orders(8));
		expect(await metric("millrace_gateway_limit")).toBe(6);
		scripted.answers(() => paid);
		await submit(gateway, orders(200));
		expect(await metric("millrace_gateway_limit")).toBe(8);
	});

	test("never falls below one", async () => {
		const { scripted, gateway } = guard({ calls_in_flight_max: 2 });
		const answer = Promise.withResolvers<GatewayResult>();
		scripted.answers(() => (scripted.calls > 6 ? answer.promise : away("rate_limited", 0)));
		const waiting = submit(gateway, orders(4));
		await untilCalls(scripted, 7);
		expect(await metric("millrace_gateway_limit")).toBe(1);
		answer.resolve(paid);
		expect(states(await waiting)).toEqual(Array(4).fill("succeeded"));
	});
});

describe("calls that are turned away for their rate", () => {
	test.each([
		["with", 1],
		["without", undefined],
	])("are made again %s a word of when", async (_, retry_after_ms) => {
		const { scripted, gateway } = guard();
		const refused = new Set<string>();
		scripted.answers(({ key }) => {
			if (refused.has(key)) return paid;
			refused.add(key);
			return away("rate_limited", retry_after_ms);
		});
		const results = await submit(gateway, orders(10));
		expect(new Set(states(results))).toEqual(new Set(["succeeded"]));
		expect(scripted.calls).toBe(20);
		expect(await metric('millrace_gateway_calls_total{kind="charge",result="rate_limited"}')).toBe(
			10,
		);
	});

	test("wait as long as the gateway says, while others go on", async () => {
		const { scripted, gateway } = guard();
		scripted.answers(() => away("rate_limited", LONG_MS));
		const [first] = await submit(gateway, orders(1));
		expect(first).toMatchObject({ state: "not_sent", retry_after_ms: LONG_MS });
		scripted.answers(() => paid);
		expect(new Set(states(await submit(gateway, orders(20))))).toEqual(new Set(["succeeded"]));
		expect(scripted.calls).toBe(21);
	});

	test("keep all calls back when not even one at a time is taken", async () => {
		const { scripted, gateway } = guard({ calls_in_flight_max: 2 });
		scripted.answers(() => away("rate_limited", LONG_MS));
		await submit(gateway, orders(1));
		await submit(gateway, orders(1));
		scripted.answers(() => paid);
		const later = await submit(gateway, orders(20));
		expect(failures(later)).toEqual(Array(20).fill("rate_limited"));
		expect(later[0]).toHaveProperty("retry_after_ms");
		expect(await gateway.lookUp(order())).toMatchObject({ state: "unknown" });
		expect(scripted.calls).toBe(2);
	});

	test("do not open the breaker", async () => {
		const { scripted, gateway } = guard({ breaker_failures: 2 });
		scripted.answers(() => (scripted.calls > 8 ? paid : away("rate_limited", 0)));
		expect(states(await submit(gateway, orders(8)))).toEqual(Array(8).fill("succeeded"));
		expect(scripted.calls).toBe(16);
		expect(gateway.capacity()).toBeGreaterThan(0);
	});
});

test("no call begins after its time", async () => {
	const { scripted, gateway } = guard();
	expect(failures(await submit(gateway, orders(3), -1))).toEqual(Array(3).fill("late"));
	expect(scripted.calls).toBe(0);
});

describe("the breaker", () => {
	const systemic: Failure[] = ["no_answer", "server_error"];
	test.each(systemic)("opens after so many in a row that are unknown: %s", async (failure) => {
		const { scripted, gateway } = guard();
		scripted.answers(() => unknown(failure));
		await submit(gateway, orders(2));
		expect(gateway.capacity()).toBeGreaterThan(0);
		await submit(gateway, orders(1));
		expect(gateway.capacity()).toBe(0);
		expect(failures(await submit(gateway, orders(5)))).toEqual(Array(5).fill("held_back"));
		expect(await gateway.lookUp(order())).toMatchObject({ error: { failure: "held_back" } });
		expect(scripted.calls).toBe(3);
		expect(await metric("millrace_gateway_breaker")).toBe(2);
	});

	test.each(["unreachable", "refused"] as const)("opens by calls not sent: %s", async (failure) => {
		const { scripted, gateway } = guard();
		scripted.answers(() => away(failure));
		await submit(gateway, orders(3));
		expect(gateway.capacity()).toBe(0);
	});

	test("opens by look-ups that fail", async () => {
		const { scripted, gateway } = guard();
		scripted.finds(() => unknown("no_answer"));
		for (let call = 0; call < 3; call++) await gateway.lookUp(order());
		expect(gateway.capacity()).toBe(0);
	});

	const orderly: [string, GatewayResult][] = [
		["a success", paid],
		["a decline", declined],
		["a refusal for the rate", away("rate_limited", LONG_MS)],
		["a key in use", away("key_in_use")],
	];
	test.each(orderly)("%s between failures keeps it closed", async (_, between) => {
		const { scripted, gateway } = guard();
		for (const answer of [unknown("no_answer"), unknown("no_answer"), between]) {
			scripted.answers(() => answer);
			await submit(gateway, orders(1));
		}
		scripted.answers(() => unknown("no_answer"));
		await submit(gateway, orders(2));
		expect(gateway.capacity()).toBeGreaterThan(0);
	});

	const poison: [string, GatewayResult][] = [
		["declines", declined],
		["keys used otherwise", unknown("key_reused")],
		["stored answers", unknown("unexpected")],
		["refunds under way", unknown("undecided")],
	];
	test.each(poison)("%s never open it", async (_, answer) => {
		const { scripted, gateway } = guard();
		scripted.answers(() => answer);
		await submit(gateway, orders(20));
		expect(gateway.capacity()).toBeGreaterThan(0);
	});

	test("after the pause one call tries, and the others wait for what it finds", async () => {
		const { scripted, gateway } = guard({ pause_ms: 1 });
		scripted.answers(() => unknown("no_answer"));
		await submit(gateway, orders(3));
		const probe = Promise.withResolvers<GatewayResult>();
		scripted.answers(() => probe.promise);
		await untilAvailable(gateway);
		const waiting = submit(gateway, orders(6));
		await untilCalls(scripted, 4);
		expect(gateway.capacity()).toBe(0);
		expect(await metric("millrace_gateway_breaker")).toBe(1);
		scripted.answers(() => paid);
		probe.resolve(paid);
		expect(states(await waiting)).toEqual(Array(6).fill("succeeded"));
		expect(scripted.calls).toBe(9);
		expect(gateway.capacity()).toBeGreaterThan(0);
		expect(await metric("millrace_gateway_breaker")).toBe(0);
	});

	test("a try that fails holds the others back again", async () => {
		const { scripted, gateway } = guard({ pause_ms: 200 });
		scripted.answers(() => unknown("no_answer"));
		await submit(gateway, orders(3));
		await untilAvailable(gateway);
		const results = await submit(gateway, orders(6));
		expect(scripted.calls).toBe(4);
		expect(failures(results).filter((failure) => failure === "held_back")).toHaveLength(5);
	});

	test("says each change once, and why", async () => {
		const { scripted, gateway } = guard({ pause_ms: 1 });
		scripted.answers(() => unknown("no_answer"));
		await submit(gateway, orders(8));
		scripted.answers(() => declined);
		await untilAvailable(gateway);
		await submit(gateway, orders(8));
		expect(lines.map(({ level, msg }) => `${level}: ${msg}`)).toEqual([
			"warn: the gateway is away: calls are held back",
			"info: one call tries whether the gateway is back",
			"info: the gateway is back",
		]);
		expect(lines[0]?.err?.message).toBe("as the test says");
	});
});

test("calls are counted and timed by what came of them", async () => {
	const { scripted, gateway } = guard();
	scripted.answers(() => declined);
	await submit(gateway, [...orders(2), { ...order(), kind: "refund" }]);
	await gateway.lookUp(order());
	const counted = (labels: string) => metric(`millrace_gateway_calls_total{${labels}}`);
	expect(await counted('kind="charge",result="declined"')).toBe(2);
	expect(await counted('kind="refund",result="declined"')).toBe(1);
	expect(await counted('kind="look_up",result="not_found"')).toBe(1);
	expect(await metric('millrace_gateway_call_seconds_count{kind="charge"}')).toBe(2);
	expect(await metric("millrace_gateway_in_flight")).toBe(0);
});

async function untilAvailable(gateway: Gateway): Promise<void> {
	while (gateway.capacity() === 0) await new Promise(setImmediate);
}

async function untilCalls(scripted: { readonly calls: number }, calls: number): Promise<void> {
	while (scripted.calls < calls) await new Promise(setImmediate);
}
