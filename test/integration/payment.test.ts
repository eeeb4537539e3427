import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createEvent, type OutgoingEvent } from "../../src/contracts/events.ts";
import type { GatewayResult } from "../../src/gateway/gateway.ts";
import type { Part } from "../../src/lifecycle.ts";
import type { IncomingEvent } from "../../src/messaging/outcome.ts";
import { paymentModule } from "../../src/modules/payment/module.ts";
import { createMover } from "../../src/modules/payment/move-money.ts";
import { chargeId } from "../../src/modules/payment/payment.ts";
import { createPaymentStore } from "../../src/modules/payment/store.ts";
import { orderCancelled, orderFacts } from "../support/events.ts";
import { layFoundation, paymentSettings } from "../support/foundation.ts";
import { createTestGateway, type TestGateway } from "../support/gateway.ts";
import { privateServers } from "../support/servers.ts";
import { openStreams } from "../support/streams.ts";
import { eventually } from "../support/wait.ts";

const servers = await privateServers();
afterAll(servers.close);
const { sql } = servers;
const foundation = await layFoundation(servers, "payment");
const streams = await openStreams(servers);
const relay = await foundation.relay();
const store = createPaymentStore(foundation.database, relay.lease_ms);

let gateway: TestGateway;
let running: Part[] = [];
beforeEach(() => {
	gateway = createTestGateway();
});
afterEach(async () => {
	for (const part of running) await part.stop();
	running = [];
});

/** A worker with a resolver of its own, on tables that all share. */
function worker(change: Partial<typeof paymentSettings> = {}) {
	const module = paymentModule({
		...foundation,
		relay,
		gateway,
		readWebhook: undefined,
		settings: { ...paymentSettings, ...change },
		http: { body_bytes_max: 65_536, page_size_max: 10 },
	});
	const [charging, refunding] = module.consumers;
	for (const part of module.background) void part.start();
	running.push(...[...module.background].reverse());
	return {
		charge: (...order_ids: string[]) =>
			charging.handle(order_ids.map((id) => incoming<"inventory.reserved.v1">(reserved(id)))),
		cancel: (order_id: string) =>
			refunding.handle([incoming<"orders.cancelled.v1">(orderCancelled(order_id))]),
	};
}

function reserved(order_id: string): OutgoingEvent {
	const facts = { ...orderFacts(order_id), lines: [], payment_token: "tok_visa" };
	return createEvent("inventory.reserved.v1", order_id, facts, undefined);
}

function incoming<S extends "inventory.reserved.v1" | "orders.cancelled.v1">(event: OutgoingEvent) {
	return { ...event, data: JSON.parse(event.data) } as unknown as IncomingEvent<S>;
}

async function row(order_id: string, kind: "charge" | "refund" = "charge") {
	const [found] = await sql<{ state: string; fence: number; attempts: number; amount: number }[]>`
		select state, fence, attempts, amount::int, refunded::int, gateway_reference, decline_code
		from millrace_payment.charges where order_id = ${order_id} and kind = ${kind}`;
	return found;
}

async function said(order_id: string): Promise<string[]> {
	const found = await streams.messages("PAYMENTS");
	return found.filter((it) => it.json().order_id === order_id).map(({ subject }) => subject);
}

const saysOnly = (order_id: string, ...subjects: string[]) =>
	eventually(async () => expect((await said(order_id)).sort()).toEqual(subjects.sort()));
const becomes = (order_id: string, state: string, kind?: "charge" | "refund") =>
	eventually(async () => expect(await row(order_id, kind)).toMatchObject({ state }));
const callsFor = (order_id: string) => gateway.calls.filter((call) => call.order_id === order_id);

/** Makes the gateway wait until the test lets it answer. */
function hold() {
	const called = Promise.withResolvers<void>();
	const answered = Promise.withResolvers<void>();
	gateway.answer(async ({ key }) => {
		called.resolve();
		await answered.promise;
		return { state: "succeeded", reference: `ref_${key}` };
	});
	return { called: called.promise, letGo: answered.resolve };
}

const succeed = (key: string): GatewayResult => ({ state: "succeeded", reference: `ref_${key}` });
const lost: GatewayResult = { state: "unknown", error: new Error("connection reset") };
const done = [{ kind: "done" }];

describe("a charge", () => {
	test("is called for once by workers at once", async () => {
		const workers = Array.from({ length: 10 }, () => worker());
		const outcomes = await Promise.all(workers.map(({ charge }) => charge("once")));
		expect(outcomes).toEqual(outcomes.map(() => done) as never);
		await becomes("once", "succeeded");
		expect(gateway.calls).toEqual([
			{
				key: chargeId("charge", "once"),
				kind: "charge",
				order_id: "once",
				amount: 1_250,
				currency: "EUR",
				payment_token: "tok_visa",
				charge_reference: undefined,
			},
		]);
		expect(await row("once")).toMatchObject({ fence: 1, attempts: 1 });
		await saysOnly("once", "payments.completed.v1");
		expect(await worker().charge("once")).toMatchObject(done);
		expect(gateway.calls).toHaveLength(1);
	});

	test("whose worker died is taken up when its claim is over, with the same key", async () => {
		await store.claim([chargeOf("leased")], 300);
		expect(await worker().charge("leased")).toMatchObject(done);
		expect(gateway.calls).toEqual([]);
		await becomes("leased", "succeeded");
		expect(gateway.calls.map(({ key }) => key)).toEqual([chargeId("charge", "leased")]);
		expect(await row("leased")).toMatchObject({ fence: 2, attempts: 2 });
		await saysOnly("leased", "payments.completed.v1");
	});

	test("is not written by a worker that lost its claim while the gateway took its time", async () => {
		const { called, letGo } = hold();
		const slow = worker({ lease_ms: 1, call_timeout_ms: 0, straggler_ms: 10 }).charge("fenced");
		await called;
		expect(await slow).toMatchObject(done);
		await eventually(async () => expect(await row("fenced")).toMatchObject({ fence: 3 }));
		gateway.answer(() => ({ state: "declined", code: "too_late" }));
		await becomes("fenced", "declined");
		letGo();
		await eventually(() => expect(gateway.moved.size).toBe(1));
		await saysOnly("fenced", "payments.failed.v1");
		expect(await row("fenced")).toMatchObject({
			state: "declined",
			gateway_reference: null,
		} as object);
	});

	test("that takes long does not hold up its batch, and is written when it ends", async () => {
		const { called, letGo } = hold();
		const charging = worker({ straggler_ms: 10 }).charge("slow");
		await called;
		expect(await charging).toMatchObject(done);
		expect(await row("slow")).toMatchObject({ state: "in_flight", attempts: 1 });
		letGo();
		await becomes("slow", "succeeded");
		expect(callsFor("slow")).toHaveLength(1);
		await saysOnly("slow", "payments.completed.v1");
	});

	test("whose outcome is unknown is tried again with the same key and moves money once", async () => {
		gateway.answer(() => lost);
		expect(await worker().charge("unknown")).toMatchObject(done);
		await eventually(() => expect(callsFor("unknown").length).toBeGreaterThan(1));
		expect(await said("unknown")).toEqual([]);
		gateway.answer(({ key }) => succeed(key));
		await becomes("unknown", "succeeded");
		expect(new Set(gateway.calls.map(({ key }) => key)).size).toBe(1);
		expect(gateway.moved.size).toBe(1);
		await saysOnly("unknown", "payments.completed.v1");
	});

	test("that only the gateway's books know of is found there", async () => {
		gateway.answer(() => lost);
		gateway.move("books");
		await worker().charge("books");
		await becomes("books", "succeeded");
		expect(gateway.looked_up.map(({ order_id }) => order_id)).toContain("books");
		await saysOnly("books", "payments.completed.v1");
	});

	test("that never left is no attempt, and is sent when the gateway takes it", async () => {
		gateway.answer(() => ({ state: "not_sent", error: new Error("refused"), retry_after_ms: 1 }));
		await worker().charge("refused");
		await eventually(() => expect(callsFor("refused").length).toBeGreaterThan(3));
		gateway.answer(({ key }) => succeed(key));
		await becomes("refused", "succeeded");
		expect(gateway.looked_up).toEqual([]);
		expect(await row("refused")).toMatchObject({ attempts: 1 });
	});

	test("is not sent any more when its key may be gone, and then waits for a person", async () => {
		gateway.answer(() => lost);
		await worker({ key_lifetime_ms: 400 }).charge("expired");
		await becomes("expired", "manual");
		const calls = callsFor("expired").length;
		expect(calls).toBeGreaterThan(0);
		expect(gateway.looked_up.length).toBeGreaterThan(0);
		gateway.answer(({ key }) => succeed(key));
		await worker().charge("expired");
		expect(callsFor("expired")).toHaveLength(calls);
		expect(await said("expired")).toEqual([]);
		expect(foundation.lines).toContainEqual(
			expect.objectContaining({ order_id: "expired", level: "error" }),
		);
	});

	test("that is declined says so, and is never tried again", async () => {
		gateway.answer(() => ({ state: "declined", code: "insufficient_funds" }));
		const { charge } = worker();
		expect(await charge("declined")).toMatchObject(done);
		expect(await charge("declined")).toMatchObject(done);
		expect(gateway.calls).toHaveLength(1);
		expect(await row("declined")).toMatchObject({ state: "declined" });
		await saysOnly("declined", "payments.failed.v1");
		const [event] = (await streams.messages("PAYMENTS", "payments.failed.v1")).slice(-1);
		expect(event?.json()).toMatchObject({ decline_code: "insufficient_funds" });
	});

	test("of a batch with all of these is settled each by itself", async () => {
		gateway.answer(({ order_id, key }) => {
			if (order_id === "mixed-1") return { state: "declined", code: "stolen" };
			return order_id === "mixed-2" ? lost : succeed(key);
		});
		const outcomes = await worker().charge("mixed-0", "mixed-1", "mixed-2", "mixed-3");
		expect(outcomes.map(({ kind }) => kind)).toEqual(["done", "done", "done", "done"]);
		await saysOnly("mixed-0", "payments.completed.v1");
		await saysOnly("mixed-1", "payments.failed.v1");
		expect(await said("mixed-2")).toEqual([]);
		await saysOnly("mixed-3", "payments.completed.v1");
	});

	test("is not begun while the gateway is away, and its message is not blamed", async () => {
		gateway.setCapacity(0);
		expect(await worker().charge("away")).toMatchObject([{ kind: "unavailable", pause_ms: 100 }]);
		expect(await row("away")).toBeUndefined();
	});

	test("that is over cannot be changed by any statement", async () => {
		await worker().charge("final");
		const change = sql`update millrace_payment.charges set state = 'unknown' where order_id = 'final'`;
		await expect(Promise.resolve(change)).rejects.toThrow("is succeeded for good");
		const more = sql`update millrace_payment.charges set refunded = amount + 1 where order_id = 'final'`;
		await expect(Promise.resolve(more)).rejects.toThrow("charges_refunded");
	});
});

describe("a cancelled order", () => {
	test("that was charged is refunded once", async () => {
		const workers = Array.from({ length: 10 }, () => worker());
		await workers[0]?.charge("refunded");
		const outcomes = await Promise.all(workers.map(({ cancel }) => cancel("refunded")));
		expect(outcomes).toEqual(outcomes.map(() => done) as never);
		await becomes("refunded", "succeeded", "refund");
		expect(await workers[0]?.cancel("refunded")).toMatchObject(done);
		const refunds = gateway.calls.filter(({ kind }) => kind === "refund");
		expect(refunds).toMatchObject([
			{
				key: chargeId("refund", "refunded"),
				amount: 1_250,
				charge_reference: `ref_${chargeId("charge", "refunded")}`,
			},
		]);
		await saysOnly("refunded", "payments.completed.v1", "payments.refunded.v1");
		expect(await row("refunded")).toMatchObject({ refunded: 1_250 } as object);
	});

	test("that was not charged yet never will be", async () => {
		const { cancel, charge } = worker();
		expect(await cancel("void")).toMatchObject(done);
		expect(await row("void")).toMatchObject({ state: "void" });
		expect(await charge("void")).toMatchObject(done);
		expect(gateway.calls).toEqual([]);
		expect(await said("void")).toEqual([]);
	});

	test("whose charge is being made is refunded when it has succeeded", async () => {
		const { called, letGo } = hold();
		const { cancel, charge } = worker();
		const charging = charge("racing");
		await called;
		expect(await cancel("racing")).toMatchObject(done);
		expect(await row("racing", "refund")).toBeUndefined();
		letGo();
		await charging;
		await saysOnly("racing", "payments.completed.v1", "payments.refunded.v1");
	});

	test("whose charge succeeded late, after all was unknown, is refunded", async () => {
		gateway.answer(() => lost);
		const { cancel, charge } = worker();
		await charge("late");
		await cancel("late");
		gateway.answer(({ key }) => succeed(key));
		await saysOnly("late", "payments.completed.v1", "payments.refunded.v1");
		expect(gateway.moved.size).toBe(2);
	});

	test("whose charge is declined is not refunded", async () => {
		gateway.answer(() => lost);
		const { cancel, charge } = worker();
		await charge("poor");
		await cancel("poor");
		gateway.answer(() => ({ state: "declined", code: "poor" }));
		await becomes("poor", "declined");
		await saysOnly("poor", "payments.failed.v1");
		expect(await row("poor", "refund")).toBeUndefined();
	});

	test("whose refund is lost on the way is refunded once", async () => {
		const { cancel, charge } = worker();
		await charge("refund-lost");
		gateway.answer(() => lost);
		await cancel("refund-lost");
		await eventually(() => expect(callsFor("refund-lost").length).toBeGreaterThan(2));
		gateway.answer(({ key }) => succeed(key));
		await becomes("refund-lost", "succeeded", "refund");
		expect(new Set(callsFor("refund-lost").map(({ key }) => key)).size).toBe(2);
		await saysOnly("refund-lost", "payments.completed.v1", "payments.refunded.v1");
	});

	test("whose refund is declined goes to a person", async () => {
		const { cancel, charge } = worker();
		await charge("stuck");
		gateway.answer(() => ({ state: "declined", code: "expired" }));
		await cancel("stuck");
		await becomes("stuck", "manual", "refund");
		expect(await row("stuck", "refund")).toMatchObject({ decline_code: "expired" } as object);
		await saysOnly("stuck", "payments.completed.v1");
	});
});

function chargeOf(order_id: string) {
	return {
		...{ order_id, charge_id: chargeId("charge", order_id), traceparent: undefined },
		...{ tenant_id: "default", customer_id: "customer-1", amount: 1_250, currency: "EUR" },
		payment_token: "tok_visa",
	};
}

test("what cannot be written down before anybody waits for it ends no process", async () => {
	const uncaught: unknown[] = [];
	const note = (error: unknown) => void uncaught.push(error);
	process.on("unhandledRejection", note);
	const mover = createMover(paymentSettings, { ...foundation, store, relay, gateway });
	await sql`alter table millrace_payment.charges rename to charges_away`;
	const moving = mover.move([unheard], performance.now());
	await mover.stop();
	await sql`alter table millrace_payment.charges_away rename to charges`;
	process.off("unhandledRejection", note);
	expect(uncaught).toEqual([]);
	await expect(moving.finished).rejects.toThrow("charges");
	expect(moving.open()).toEqual([unheard.order_id]);
});

const unheard = {
	order_id: "nobody-waits",
	kind: "charge",
	request_id: "",
	charge_id: chargeId("charge", "nobody-waits"),
	tenant_id: "default",
	customer_id: "customer-1",
	amount: 1_250,
	order_amount: 1_250,
	currency: "EUR",
	payment_token: "tok_visa",
	charge_reference: null,
	traceparent: null,
	fence: 1,
	attempts: 1,
	key_age_ms: null,
} as const;
