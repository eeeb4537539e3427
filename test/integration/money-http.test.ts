import { afterAll, describe, expect, test } from "bun:test";
import { chargeId } from "../../src/modules/payment/payment.ts";
import { startApp } from "../support/app.ts";
import { createOps } from "../support/ops.ts";
import { privateServers } from "../support/servers.ts";
import { openStreams } from "../support/streams.ts";
import { eventually } from "../support/wait.ts";

const servers = await privateServers();
afterAll(servers.close);
const { sql } = servers;
const app = await startApp(servers);
const streams = await openStreams(servers);
await app.stockUp("SKU-1", 1_000_000);

const operators = createOps(app.app.ops_url);
async function ops(...asked: Parameters<typeof operators>) {
	const { status, json } = await operators(...asked);
	return { status, body: json<Record<string, never>>() };
}

/** An order that is confirmed and was charged `amount`. */
async function charged(amount: number): Promise<string> {
	const lines = [{ sku: "SKU-1", quantity: 1, unit_price: amount }];
	const { order_id } = await app.placeOrder({ lines });
	await app.ended(order_id, "confirmed");
	return order_id;
}

const refund = (order_id: string, refund_id: string, amount: number) =>
	ops("POST", `orders/${order_id}/refunds`, { refund_id, amount });
const chargesOf = async (order_id: string) =>
	(await ops("GET", `orders/${order_id}/charges`)).body.charges as unknown as Record<
		string,
		unknown
	>[];
const refundEvents = async (order_id: string) =>
	(await streams.messages("PAYMENTS", "payments.refunded.v1"))
		.map((message) => message.json())
		.filter((it) => it.order_id === order_id);

/** A charge, or a refund of 400, whose end only a person can find out. */
async function park(order_id: string, kind: "charge" | "refund"): Promise<string> {
	const charge_id = chargeId(kind, order_id);
	if (kind === "refund")
		await sql`
		update millrace_payment.charges set refunded = refunded + 400 where order_id = ${order_id}`;
	await sql`
		insert into millrace_payment.charges (
			order_id, kind, charge_id, tenant_id, customer_id, state, amount, order_amount, currency,
			fence, attempts, attention_at, last_error)
		values (${order_id}, ${kind}, ${charge_id}, 'default', 'customer-1', 'manual', 400, 1250, 'EUR',
			7, 7, 'infinity', 'the books have no trace of it')`;
	return charge_id;
}

const decide = (order_id: string, charge_id: string, body: unknown) =>
	ops("POST", `orders/${order_id}/charges/${charge_id}/decision`, body);

test("what an operator does about money is said in events, before and after", async () => {
	const order_id = await charged(500);
	const asked = { refund_id: "recorded", amount: 100 };
	const by = { "millrace-operator": "ada" };
	const answer = await ops("POST", `orders/${order_id}/refunds`, asked, by);
	expect(answer.status).toBe(202);
	const said = (await streams.messages("OPERATIONS"))
		.map((message) => message.json())
		.map((it) => ({ ...it, details: JSON.parse(String(it.details)) }))
		.filter(({ operator }: Record<string, unknown>) => operator === "ada");
	expect(said).toMatchObject([
		{
			action: "http.request",
			phase: "begun",
			details: { method: "POST", path: `/v1/orders/${order_id}/refunds` },
		},
		{ action: "http.request", phase: "ended", details: { status: 202 } },
	]);
});

describe("a refund that an operator asks for", () => {
	test("is made once, however often it is asked for, and says so", async () => {
		const order_id = await charged(1_250);
		const answers = await Promise.all(
			Array.from({ length: 10 }, () => refund(order_id, "part-1", 400)),
		);
		expect(answers.map(({ status }) => status).sort()).toEqual([
			...Array.from({ length: 9 }, () => 200),
			202,
		]);
		await eventually(async () => expect(await refundEvents(order_id)).toHaveLength(1));
		expect((await refundEvents(order_id))[0]).toMatchObject({ amount: 400, total_amount: 1_250 });
		await eventually(async () =>
			expect(await chargesOf(order_id)).toMatchObject([
				{ kind: "charge", state: "succeeded", amount: 1_250, refunded: 400 },
				{ kind: "refund", state: "succeeded", amount: 400, refund_id: "part-1" },
			]),
		);
		expect((await refund(order_id, "part-1", 400)).status).toBe(200);
		expect(await refund(order_id, "part-1", 500)).toMatchObject({ status: 422 });
	});

	test("never takes back more than was charged, whoever asks at once", async () => {
		const order_id = await charged(1_000);
		const answers = await Promise.all(
			Array.from({ length: 10 }, (_, n) => refund(order_id, `part-${n}`, 300)),
		);
		expect(answers.filter(({ status }) => status === 202)).toHaveLength(3);
		const refused = answers.filter(({ status }) => status === 409);
		expect(refused).toHaveLength(7);
		expect(refused[0]?.body).toMatchObject({ title: "That is more than is left of the charge" });
		await eventually(async () => expect(await refundEvents(order_id)).toHaveLength(3));
		expect((await chargesOf(order_id))[0]).toMatchObject({ refunded: 900 });
		expect((await refund(order_id, "rest", 100)).status).toBe(202);
	});

	test("of an order that was not charged is refused", async () => {
		const { order_id } = await app.placeOrder({ payment_token: "decline_poor" });
		await app.ended(order_id, "cancelled");
		expect((await refund(order_id, "none", 1)).status).toBe(409);
		expect((await refund("no-such-order", "none", 1)).status).toBe(409);
		expect((await refund("not.an.id", "none", 1)).status).toBe(404);
		expect((await ops("GET", "orders/no-such-order/charges")).status).toBe(404);
	});

	test.each([
		{ refund_id: "a" },
		{ refund_id: "a", amount: 0 },
		{ refund_id: "a", amount: 1.5 },
		{ refund_id: "a b", amount: 1 },
		{ refund_id: "a", amount: 1, note: "?" },
	])("has to be well formed: %j", async (body) => {
		const answer = await ops("POST", "orders/any/refunds", body);
		expect(answer).toMatchObject({ status: 400, body: { errors: [{}] } });
	});
});

describe("what waits for a person", () => {
	test("is listed page by page until it is decided", async () => {
		for (const n of [1, 2, 3]) await park(`parked-${n}`, "charge");
		const first = await ops("GET", "charges/parked?limit=2");
		expect(first.body.charges).toMatchObject([
			{ order_id: "parked-1", state: "manual", last_error: "the books have no trace of it" },
			{ order_id: "parked-2" },
		]);
		const next = await ops("GET", `charges/parked?limit=2&cursor=${first.body.next_cursor}`);
		expect(next.body.charges).toMatchObject([{ order_id: "parked-3" }]);
		expect(next.body.next_cursor).toBeUndefined();
		for (const n of [1, 2, 3]) {
			const charge_id = chargeId("charge", `parked-${n}`);
			await decide(`parked-${n}`, charge_id, { outcome: "declined" });
		}
		expect((await ops("GET", "charges/parked")).body.charges).toEqual([] as never);
		expect((await ops("GET", "charges/parked?cursor=x")).status).toBe(400);
	});

	test("is decided once, and the event about it is published", async () => {
		const charge_id = await park("decided", "charge");
		const moved = { outcome: "succeeded", gateway_reference: "pi_found" };
		expect(await decide("decided", charge_id, moved)).toMatchObject({
			status: 200,
			body: { state: "succeeded", gateway_reference: "pi_found" },
		});
		expect((await decide("decided", charge_id, { outcome: "declined" })).status).toBe(409);
		expect((await decide("decided", crypto.randomUUID(), moved)).status).toBe(404);
		expect((await decide("decided", charge_id, { outcome: "perhaps" })).status).toBe(400);
		await eventually(async () => {
			const events = await streams.messages("PAYMENTS", "payments.completed.v1");
			const ours = events.filter((it) => it.json().order_id === "decided");
			expect(ours.map((it) => it.json())).toMatchObject([
				{ charge_id, gateway_reference: "pi_found" },
			]);
		});
	});

	test("and is a refund that was not made gives its amount back to the charge", async () => {
		const order_id = await charged(1_250);
		const charge_id = await park(order_id, "refund");
		expect((await refund(order_id, "too-much", 1_000)).status).toBe(409);
		expect((await decide(order_id, charge_id, { outcome: "declined" })).status).toBe(200);
		expect((await refund(order_id, "now-free", 1_250)).status).toBe(202);
		await eventually(async () =>
			expect(await refundEvents(order_id)).toMatchObject([{ amount: 1_250 }]),
		);
	});
});
