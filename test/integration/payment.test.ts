import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import type { OutgoingEvent } from "../../src/contracts/events.ts";
import { createEvent } from "../../src/contracts/events.ts";
import type { IncomingEvent } from "../../src/messaging/outcome.ts";
import { chargeOrders } from "../../src/modules/payment/charge-order.ts";
import { chargeId } from "../../src/modules/payment/payment.ts";
import { refundOrders } from "../../src/modules/payment/refund-order.ts";
import { createPaymentStore } from "../../src/modules/payment/store.ts";
import { orderCancelled, orderFacts } from "../support/events.ts";
import { layFoundation } from "../support/foundation.ts";
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
const CLAIM_MS = 60_000;

let gateway: TestGateway;
beforeEach(() => {
	gateway = createTestGateway();
});

const needs = (claim_ms = CLAIM_MS) => ({ store, gateway, relay, claim_ms });
const charge = (order_id: string, claim_ms?: number) =>
	chargeOrders(needs(claim_ms))([incoming<"inventory.reserved.v1">(reserved(order_id))]);
const cancel = (order_id: string) =>
	refundOrders(needs())([incoming<"orders.cancelled.v1">(orderCancelled(order_id))]);

function reserved(order_id: string): OutgoingEvent {
	const facts = { ...orderFacts(order_id), lines: [], payment_token: "tok_visa" };
	return createEvent("inventory.reserved.v1", order_id, facts, undefined);
}

function incoming<S extends "inventory.reserved.v1" | "orders.cancelled.v1">(event: OutgoingEvent) {
	return { ...event, data: JSON.parse(event.data) } as unknown as IncomingEvent<S>;
}

async function row(order_id: string, kind: "charge" | "refund" = "charge") {
	const [found] = await sql<{ state: string; fence: number; attempts: number; amount: number }[]>`
		select state, fence, attempts, amount::int, gateway_reference
		from millrace_payment.charges where order_id = ${order_id} and kind = ${kind}`;
	return found;
}

async function said(order_id: string): Promise<string[]> {
	const found = await streams.messages("PAYMENTS");
	return found.filter((it) => it.json().order_id === order_id).map(({ subject }) => subject);
}

const saysOnly = (order_id: string, ...subjects: string[]) =>
	eventually(async () => expect((await said(order_id)).sort()).toEqual(subjects.sort()));

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

describe("a charge", () => {
	test("is called for once by workers at once, and the others come back later", async () => {
		const outcomes = await Promise.all(Array.from({ length: 10 }, () => charge("once")));
		expect(gateway.calls).toHaveLength(1);
		expect(gateway.calls[0]).toEqual({
			key: chargeId("charge", "once"),
			kind: "charge",
			order_id: "once",
			amount: 1_250,
			currency: "EUR",
			payment_token: "tok_visa",
			charge_reference: undefined,
		});
		const kinds = outcomes.map(([outcome]) => outcome?.kind);
		expect(kinds.filter((kind) => kind !== "done" && kind !== "later")).toEqual([]);
		expect(kinds).toContain("done");
		expect(await row("once")).toMatchObject({ state: "succeeded", fence: 1, attempts: 1 });
		await saysOnly("once", "payments.completed.v1");
		expect(await charge("once")).toMatchObject([{ kind: "done" }]);
		expect(gateway.calls).toHaveLength(1);
	});

	test("whose worker died is claimed again when the lease is over, with the same key", async () => {
		await store.claim([chargeOf("leased")], 300);
		expect(await charge("leased")).toMatchObject([{ kind: "later" }]);
		expect(gateway.calls).toEqual([]);
		await eventually(async () => expect(await charge("leased")).toMatchObject([{ kind: "done" }]));
		expect(gateway.calls.map(({ key }) => key)).toEqual([chargeId("charge", "leased")]);
		expect(await row("leased")).toMatchObject({ state: "succeeded", fence: 2, attempts: 2 });
	});

	test("is not written by a worker that lost its lease while the gateway took its time", async () => {
		const { called, letGo } = hold();
		const slow = charge("fenced", 1);
		await called;
		await eventually(async () =>
			expect((await store.claim([chargeOf("fenced")], CLAIM_MS)).get("fenced")).toBe(2),
		);
		letGo();
		expect(await slow).toMatchObject([{ kind: "later" }]);
		expect(await row("fenced")).toMatchObject({
			state: "in_flight",
			fence: 2,
			gateway_reference: null,
		} as object);
		expect(await said("fenced")).toEqual([]);
	});

	test("whose outcome is unknown is tried again with the same key and moves money once", async () => {
		gateway.answer(() => ({ state: "unknown", error: new Error("connection reset") }));
		expect(await charge("unknown")).toMatchObject([{ kind: "retry" }]);
		expect(await row("unknown")).toMatchObject({ state: "unknown" });
		expect(await said("unknown")).toEqual([]);
		gateway.answer(({ key }) => ({ state: "succeeded", reference: `ref_${key}` }));
		await eventually(async () => expect(await charge("unknown")).toMatchObject([{ kind: "done" }]));
		expect(new Set(gateway.calls.map(({ key }) => key)).size).toBe(1);
		expect(gateway.moved.size).toBe(1);
		await saysOnly("unknown", "payments.completed.v1");
	});

	test("that is declined says so, and is never tried again", async () => {
		gateway.answer(() => ({ state: "declined", code: "insufficient_funds" }));
		expect(await charge("declined")).toMatchObject([{ kind: "done" }]);
		expect(await charge("declined")).toMatchObject([{ kind: "done" }]);
		expect(gateway.calls).toHaveLength(1);
		expect(await row("declined")).toMatchObject({ state: "declined" });
		await saysOnly("declined", "payments.failed.v1");
		const [event] = (await streams.messages("PAYMENTS", "payments.failed.v1")).slice(-1);
		expect(event?.json()).toMatchObject({ decline_code: "insufficient_funds" });
	});

	test("of a batch with all of these is settled each by itself", async () => {
		gateway.answer(({ order_id, key }) => {
			if (order_id === "mixed-1") return { state: "declined", code: "stolen" };
			if (order_id === "mixed-2") return { state: "unknown", error: new Error("timeout") };
			return { state: "succeeded", reference: `ref_${key}` };
		});
		const list = [0, 1, 2, 3].map((n) => incoming<"inventory.reserved.v1">(reserved(`mixed-${n}`)));
		const outcomes = await chargeOrders(needs())(list);
		expect(outcomes.map(({ kind }) => kind)).toEqual(["done", "done", "retry", "done"]);
		await saysOnly("mixed-0", "payments.completed.v1");
		await saysOnly("mixed-1", "payments.failed.v1");
		expect(await said("mixed-2")).toEqual([]);
		await saysOnly("mixed-3", "payments.completed.v1");
	});
});

describe("a cancelled order", () => {
	test("that was charged is refunded once", async () => {
		await charge("refunded");
		const outcomes = await Promise.all(Array.from({ length: 10 }, () => cancel("refunded")));
		expect(outcomes.flat().map(({ kind }) => kind)).toContain("done");
		expect(await cancel("refunded")).toMatchObject([{ kind: "done" }]);
		const refunds = gateway.calls.filter(({ kind }) => kind === "refund");
		expect(refunds).toMatchObject([
			{
				key: chargeId("refund", "refunded"),
				amount: 1_250,
				charge_reference: `ref_${chargeId("charge", "refunded")}`,
			},
		]);
		await saysOnly("refunded", "payments.completed.v1", "payments.refunded.v1");
	});

	test("that was not charged yet never will be", async () => {
		expect(await cancel("void")).toMatchObject([{ kind: "done" }]);
		expect(await row("void")).toMatchObject({ state: "void" });
		expect(await charge("void")).toMatchObject([{ kind: "done" }]);
		expect(gateway.calls).toEqual([]);
		expect(await said("void")).toEqual([]);
	});

	test("whose charge is being made waits for its outcome, then is refunded", async () => {
		const { called, letGo } = hold();
		const charging = charge("racing");
		await called;
		expect(await cancel("racing")).toMatchObject([{ kind: "later" }]);
		letGo();
		await charging;
		expect(await cancel("racing")).toMatchObject([{ kind: "done" }]);
		await saysOnly("racing", "payments.completed.v1", "payments.refunded.v1");
	});

	test("whose refund is declined goes to a person", async () => {
		await charge("stuck");
		gateway.answer(() => ({ state: "declined", code: "expired" }));
		expect(await cancel("stuck")).toMatchObject([
			{ kind: "dead-letter", reason: "refund declined" },
		]);
		await saysOnly("stuck", "payments.completed.v1");
	});
});

function chargeOf(order_id: string) {
	return {
		...{ kind: "charge" as const, order_id, charge_id: chargeId("charge", order_id) },
		...{ tenant_id: "default", customer_id: "customer-1", amount: 1_250, currency: "EUR" },
		payment_token: "tok_visa",
	};
}
