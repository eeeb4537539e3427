import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { DatabaseUnavailableError } from "../../src/database/errors.ts";
import type { Part } from "../../src/lifecycle.ts";
import { type ConsumerDefinition, createConsumer } from "../../src/messaging/consumer.ts";
import { done, type Handle, type Outcome } from "../../src/messaging/outcome.ts";
import { orderConfirmed, publishEvent } from "../support/events.ts";
import { consumerSettings, layFoundation } from "../support/foundation.ts";
import { privateServers } from "../support/servers.ts";
import { openStreams } from "../support/streams.ts";
import { eventually } from "../support/wait.ts";

const servers = await privateServers();
afterAll(servers.close);
const { sql } = servers;
const foundation = await layFoundation(servers, "order");
const streams = await openStreams(servers);
const SUBJECT = "orders.confirmed.v1";
const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

beforeEach(async () => {
	await sql`delete from millrace_order.failures`;
	for (const stream of ["ORDERS", "DLQ"]) await streams.jsm.streams.purge(stream);
});

const running: Part[] = [];
afterEach(async () => {
	for (const consumer of running.splice(0)) await consumer.stop();
});

/** Runs `handle` over a durable of its own until the end of the test. */
async function consume(handle: Handle<typeof SUBJECT>): Promise<string> {
	const durable = `test-${crypto.randomUUID()}`;
	await replica(durable, handle);
	return durable;
}

async function replica(
	durable: string,
	handle: Handle<typeof SUBJECT>,
	change: Partial<ConsumerDefinition<typeof SUBJECT>> & Partial<typeof consumerSettings> = {},
): Promise<Part> {
	const consumer = createConsumer(
		{ durable, stream: "ORDERS", subjects: [SUBJECT], handle, ...change },
		{ ...foundation, settings: { ...consumerSettings, ...change } },
	);
	await consumer.start();
	running.push(consumer);
	return consumer;
}

async function idle(durable: string): Promise<void> {
	await eventually(async () => {
		const info = await streams.jsm.consumers.info("ORDERS", durable);
		expect([info.num_pending, info.num_ack_pending]).toEqual([0, 0]);
	});
}

const failures = () => sql`select message_id, attempts from millrace_order.failures`;
const recent = expect.stringMatching(new RegExp(`^${new Date().toISOString().slice(0, 10)}T`));

describe("a message that can never be handled is parked on its first delivery", () => {
	const valid = JSON.parse(orderConfirmed("parked").data);
	test.each([
		["text that is not JSON", "{", "undecodable", /JSON/],
		["nothing", "", "undecodable", /JSON/],
		["JSON that is not the contract", { hello: 1 }, "schema violation", /order_id/],
		["money in fractions", { ...valid, total_amount: 1.5 }, "schema violation", /total_amount/],
	])("%s", async (_, data, reason, error) => {
		const seen: unknown[] = [];
		const durable = await consume(async (events) => {
			seen.push(...events);
			return events.map(() => done);
		});
		const sequence = await streams.publish(SUBJECT, data);
		const [letter] = await eventually(async () => {
			const letters = await streams.messages("DLQ");
			expect(letters).toHaveLength(1);
			return letters;
		});
		expect(letter?.subject).toBe("orders.dlq");
		expect(new TextDecoder().decode(letter?.data)).toBe(
			typeof data === "string" ? data : JSON.stringify(data),
		);
		const headers = Object.fromEntries(
			(letter?.header_names ?? []).map((name) => [name, letter?.header(name)]),
		);
		expect(headers).toEqual({
			"Nats-Msg-Id": `dlq:${durable}:${sequence}:${headers["Millrace-Message-Id"]}`,
			"Millrace-Reason": reason,
			"Millrace-Error": expect.stringMatching(error),
			"Millrace-Fingerprint": expect.stringMatching(/^[0-9a-f]{12}$/),
			"Millrace-Error-Type": expect.stringMatching(/^(SyntaxError|ZodError)$/),
			"Millrace-Error-Place": expect.stringMatching(
				error.source === "JSON" ? /^messaging\/delivery\.ts readPayload$/ : error,
			),
			"Millrace-Message-Id": expect.stringMatching(/^[0-9a-f-]{36}$/),
			...(typeof data === "object" && "order_id" in data && { "Millrace-Order-Id": "parked" }),
			"Millrace-Original-Subject": SUBJECT,
			"Millrace-Original-Stream": "ORDERS",
			"Millrace-Original-Sequence": String(sequence),
			"Millrace-Consumer": durable,
			"Millrace-Attempts": "1",
			"Millrace-First-Failed-At": recent,
			"Millrace-Last-Failed-At": recent,
		});
		await idle(durable);
		expect(seen).toEqual([]);
		expect(await failures()).toHaveLength(0);
	});
});

test("a message that fails gets five attempts with growing gaps, then is parked", async () => {
	const attempts_ms: number[] = [];
	const durable = await consume(async () => {
		attempts_ms.push(performance.now());
		throw new TypeError("no such\r\ncolour: blå");
	});
	const event = orderConfirmed("fails");
	await streams.publish(SUBJECT, event.data, { traceparent: TRACEPARENT });
	const [letter] = await eventually(async () => {
		const letters = await streams.messages("DLQ");
		expect(letters).toHaveLength(1);
		return letters;
	});
	await idle(durable);
	expect(attempts_ms).toHaveLength(5);
	const gaps_ms = attempts_ms.slice(1).map((time, n) => time - (attempts_ms[n] ?? 0));
	// The broker's clock decides when a delay is over, and it need not agree with ours to the millisecond.
	for (const [n, least_ms] of [25, 50, 100, 200].entries()) {
		expect(gaps_ms[n]).toBeGreaterThan(least_ms * 0.8);
	}
	expect(letter?.header("Millrace-Attempts")).toBe("5");
	expect(letter?.header("Millrace-Reason")).toBe("attempts exhausted");
	expect(letter?.header("Millrace-Error")).toBe("TypeError: no such colour: bl");
	expect(letter?.header("Millrace-Message-Id")).toBe(event.message_id);
	expect(letter?.header("Millrace-Order-Id")).toBe("fails");
	expect(letter?.header("traceparent")).toBe(TRACEPARENT);
	const [first, last] = ["First", "Last"].map((which) =>
		Date.parse(letter?.header(`Millrace-${which}-Failed-At`) ?? ""),
	);
	expect(Number(last) - Number(first)).toBeGreaterThan(375 * 0.8);
	await eventually(async () => expect(await failures()).toHaveLength(0));
});

test("a message that succeeds in the end leaves no trace of its attempts", async () => {
	let calls = 0;
	const durable = await consume(async (events) => {
		calls += 1;
		if (calls < 3) return [{ kind: "retry", error: new Error("not yet") }];
		return events.map(() => done);
	});
	await publishEvent(streams, orderConfirmed("late"));
	await eventually(() => expect(calls).toBe(3));
	await idle(durable);
	await eventually(async () => expect(await failures()).toHaveLength(0));
	expect(await streams.messages("DLQ")).toEqual([]);
});

test("one poisonous message among two hundred is parked alone, the rest go through", async () => {
	const effects: string[] = [];
	const durable = await consume(async (events) => {
		const ids = events.map(({ data }) => data.order_id);
		if (ids.includes("good-66")) throw new Error("poison");
		effects.push(...ids);
		return events.map(() => done);
	});
	const list = Array.from({ length: 201 }, (_, n) => orderConfirmed(`good-${n}`));
	await Promise.all(list.map((event) => publishEvent(streams, event)));
	await eventually(async () => expect(await streams.messages("DLQ")).toHaveLength(1));
	await idle(durable);
	expect(effects).toHaveLength(200);
	expect(new Set(effects).size).toBe(200);
	const [letter] = await streams.messages("DLQ");
	expect(letter?.json()).toMatchObject({ order_id: "good-66" });
	const attempts = (await foundation.metrics.render())
		.split("\n")
		.filter((line) => line.startsWith(`message_attempts_total{consumer="${durable}"`));
	expect(attempts.map((line) => line.replace(/.*attempt=/, ""))).toEqual(
		[1, 2, 3, 4, 5].map((attempt) => `"${attempt}"} 1`),
	);
});

test("a message that is for one durable is done unseen by all others", async () => {
	const seen: Record<string, string[]> = { one: [], other: [] };
	const [one, other] = await Promise.all(
		["one", "other"].map((name) =>
			consume(async (events) => {
				seen[name]?.push(...events.map(({ data }) => data.order_id));
				return events.map(() => done);
			}),
		),
	);
	const addressed = orderConfirmed("for-one").data;
	await streams.publish(SUBJECT, addressed, { "Millrace-For": one ?? "" });
	await publishEvent(streams, orderConfirmed("for-both"));
	await idle(one ?? "");
	await idle(other ?? "");
	expect(seen).toEqual({ one: ["for-one", "for-both"], other: ["for-both"] });
});

test("a dependency that is away pauses the consumer and spends no attempt", async () => {
	const calls_ms: number[] = [];
	const durable = await consume(async (events) => {
		calls_ms.push(performance.now());
		if (calls_ms.length <= 7) throw new DatabaseUnavailableError("away");
		return events.map(() => done);
	});
	await publishEvent(streams, orderConfirmed("patient"));
	await eventually(async () =>
		expect((await streams.jsm.consumers.info("ORDERS", durable)).paused).toBe(true),
	);
	await eventually(() => expect(calls_ms.length).toBe(8), { timeout_ms: 10_000 });
	const gaps_ms = calls_ms.slice(1).map((time, n) => time - (calls_ms[n] ?? 0));
	expect(Math.min(...gaps_ms)).toBeGreaterThan(consumerSettings.pause_ms - 50);
	await idle(durable);
	expect(await failures()).toHaveLength(0);
	expect(await streams.messages("DLQ")).toEqual([]);
}, 15_000);

describe("a handler that says unavailable", () => {
	const HOUR_MS = 3_600_000;
	async function publish(count: number): Promise<string[]> {
		const events = Array.from({ length: count }, () => orderConfirmed(crypto.randomUUID()));
		await Promise.all(events.map((event) => publishEvent(streams, event)));
		return events.map(({ message_id }) => message_id);
	}
	const info = (durable: string) => streams.jsm.consumers.info("ORDERS", durable);
	const rest_ms = async (durable: string) => (await info(durable)).pause_remaining / 1e6;
	const gauge = async (durable: string) => {
		const series = `millrace_consumer_paused{consumer="${durable}"} `;
		const lines = (await foundation.metrics.render()).split("\n");
		return lines.find((line) => line.startsWith(series))?.slice(series.length);
	};

	/** Two replicas whose handlers do as they are told, and what each of them was given. */
	async function pair(told: (Outcome | Promise<Outcome>)[]) {
		const durable = `test-${crypto.randomUUID()}`;
		const calls: number[] = [0, 0];
		const given = new Set<string>();
		const handled: string[] = [];
		const replicas = await Promise.all(
			[0, 1].map((at) =>
				replica(durable, async (events) => {
					calls[at] = (calls[at] ?? 0) + 1;
					for (const { message_id } of events) given.add(message_id);
					const outcome = (await told[at]) ?? done;
					if (outcome === done) handled.push(...events.map(({ message_id }) => message_id));
					return events.map(() => outcome);
				}),
			),
		);
		await eventually(async () => expect((await info(durable)).num_waiting).toBe(2));
		return { durable, calls, given, handled, replicas };
	}

	async function expectAllHandled(durable: string, handled: readonly string[], count: number) {
		await eventually(() => expect(handled).toHaveLength(count), { timeout_ms: 10_000 });
		expect(new Set(handled).size).toBe(count);
		await idle(durable);
		expect(await failures()).toHaveLength(0);
		expect(await streams.messages("DLQ")).toEqual([]);
	}

	test("is asked again after each pause, for as long as it takes, and spends no attempt", async () => {
		const away: Outcome = { kind: "unavailable", error: new Error("away"), pause_ms: 100 };
		const told: Outcome[] = [away, away];
		const { durable, calls, handled } = await pair(told);
		await publish(300);
		const rounds = consumerSettings.attempts_max + 3;
		await eventually(() => expect(Math.min(...calls)).toBeGreaterThan(rounds), {
			timeout_ms: 15_000,
		});
		expect((await info(durable)).num_redelivered).toBeGreaterThan(0);
		expect(handled).toEqual([]);
		told.fill(done);
		await expectAllHandled(durable, handled, 300);
		await eventually(async () => expect(await gauge(durable)).toBe("0"));
	}, 30_000);

	test("stops every replica until the pause is over or is ended", async () => {
		const away: Outcome = { kind: "unavailable", error: new Error("away"), pause_ms: HOUR_MS };
		const told: Outcome[] = [away, away];
		const { durable, given, handled } = await pair(told);
		await publish(300);
		await eventually(async () => expect((await info(durable)).paused).toBe(true));
		await eventually(async () => expect(await gauge(durable)).toBe("1"));
		const before = (await info(durable)).num_pending;
		const late = await publish(50);
		expect((await info(durable)).num_pending).toBe(before + 50);
		expect(late.filter((message_id) => given.has(message_id))).toEqual([]);
		told.fill(done);
		await streams.jsm.consumers.resume("ORDERS", durable);
		await expectAllHandled(durable, handled, 350);
		await eventually(async () => expect(await gauge(durable)).toBe("0"));
	}, 20_000);

	test.each([
		["shorter", 1],
		["longer", 2 * HOUR_MS],
	])(
		"does not make a pause of another replica %s",
		async (_, pause_ms) => {
			const error = new Error("away");
			const [first, second] = [Promise.withResolvers<Outcome>(), Promise.withResolvers<Outcome>()];
			const told: (Outcome | Promise<Outcome>)[] = [first.promise, second.promise];
			const { durable, calls, handled, replicas } = await pair(told);
			await publish(50);
			await eventually(() => expect(Math.min(...calls)).toBe(1));
			first.resolve({ kind: "unavailable", error, pause_ms: HOUR_MS });
			await eventually(async () => expect(await rest_ms(durable)).toBeGreaterThan(HOUR_MS * 0.9));
			second.resolve({ kind: "unavailable", error, pause_ms });
			await replicas[1]?.stop();
			expect(await rest_ms(durable)).toBeWithin(HOUR_MS * 0.9, HOUR_MS);
			told[0] = done;
			await streams.jsm.consumers.resume("ORDERS", durable);
			await expectAllHandled(durable, handled, 50);
		},
		20_000,
	);

	test("lets one batch try when the pause is over, however many may run at the same time", async () => {
		const durable = `test-${crypto.randomUUID()}`;
		const away: Outcome = { kind: "unavailable", error: new Error("away"), pause_ms: 200 };
		const probes: PromiseWithResolvers<Outcome>[] = [];
		await replica(
			durable,
			async (events) => {
				const probe = Promise.withResolvers<Outcome>();
				probes.push(probe);
				const outcome = await probe.promise;
				return events.map(() => outcome);
			},
			{ batches_running_max: 3, batch_events_max: 10 },
		);
		await publish(60);
		await eventually(() => expect(probes).toHaveLength(3));
		for (const probe of probes) probe.resolve(away);
		await eventually(() => expect(probes).toHaveLength(4));
		await eventually(async () => expect((await info(durable)).num_pending).toBe(0));
		expect(probes).toHaveLength(4);
		probes[3]?.resolve(done);
		await eventually(() => expect(probes.length).toBeGreaterThan(5));
		await eventually(async () => {
			for (const probe of probes) probe.resolve(done);
			expect((await info(durable)).num_ack_pending).toBe(0);
		});
		await idle(durable);
	}, 15_000);
});

test("several batches run at the same time where the consumer allows it, and a stop waits for all", async () => {
	const durable = `test-${crypto.randomUUID()}`;
	const open = Promise.withResolvers<void>();
	const sizes: number[] = [];
	let handled = 0;
	const consumer = await replica(
		durable,
		async (events) => {
			sizes.push(events.length);
			await open.promise;
			handled += events.length;
			return events.map(() => done);
		},
		{ batches_running_max: 4, batch_events_max: 10 },
	);
	await Promise.all(
		Array.from({ length: 60 }, () => publishEvent(streams, orderConfirmed(crypto.randomUUID()))),
	);
	await eventually(async () => {
		const { num_pending } = await streams.jsm.consumers.info("ORDERS", durable);
		expect([num_pending, sizes.length]).toEqual([0, 4]);
	});
	const stopped = consumer.stop();
	open.resolve();
	await stopped;
	expect(handled).toBe(60);
	await idle(durable);
});
