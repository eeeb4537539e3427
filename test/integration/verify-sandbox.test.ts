import { afterAll, beforeAll, expect, test } from "bun:test";
import type { GatewayRequest } from "../../src/gateway/gateway.ts";
import { createStripeGateway } from "../../src/gateway/stripe-gateway.ts";
import { verifyBooks } from "../../src/verify/verify.ts";
import { SANDBOX_KEY, startSandbox } from "../support/sandbox.ts";
import { AT_REST, type Books, openBookRoom } from "../support/verdict-books.ts";
import { goodBooks } from "../support/verdict-lies.ts";

const TEST_MS_MAX = 30_000;
const ORDERS = 130;

const [room, sandbox] = await Promise.all([openBookRoom(), startSandbox()]);
const gateway = createStripeGateway({
	api_key: SANDBOX_KEY,
	api_url: sandbox.url,
	call_timeout_ms: 10_000,
	default_token: undefined,
});

afterAll(async () => {
	await sandbox.stop();
	await room.close();
});

/** So many orders, charged by the gateway as a millrace would. */
const books: Books = {
	...goodBooks(),
	orders: [],
	reservations: [],
	charges: [],
	ledger: [],
	log: [],
	stock: [],
};

beforeAll(async () => {
	const requests: GatewayRequest[] = [];
	for (let n = 0; n < ORDERS; n += 1) {
		const order_id = `order-${n}`;
		const key = crypto.randomUUID();
		const money = { amount: 1_000 + n, currency: n % 2 === 0 ? "EUR" : "JPY" };
		const row = { order_id, request_id: "", charge_id: key, refunded: 0, ...money };
		books.orders.push({ order_id, status: "confirmed", ...money });
		books.reservations.push({ order_id, status: "held", lines: [] });
		books.charges.push({ ...row, kind: "charge", state: "succeeded" });
		for (const subject of EVENTS) books.log.push({ order_id, subject });
		const payment_token = "pm_card_visa";
		const charge = { key, order_id, ...money, payment_token, charge_reference: undefined };
		requests.push({ ...charge, kind: "charge" });
	}
	const failed: unknown[] = [];
	await gateway.submit(requests, performance.now() + TEST_MS_MAX, (_, result) => {
		if (result.state !== "succeeded") failed.push(result);
	});
	expect(failed).toEqual([]);
	await room.plant(books);
}, TEST_MS_MAX);

const EVENTS = [
	"orders.created.v2",
	"inventory.reserved.v1",
	"payments.completed.v1",
	"orders.confirmed.v1",
];

const verify = () =>
	verifyBooks({ store: room.store, gateway, log_files: room.log_files }, AT_REST);

const intentOf = async (order_id: string) => {
	const { data } = await sandbox.stripe().paymentIntents.search({
		query: `metadata['order_id']:'${order_id}'`,
	});
	return data[0]?.id ?? "";
};

test("the gateway's books, over several pages, agree with ours", async () => {
	const { findings, counted } = await verify();
	expect(findings).toEqual({});
	expect(counted).toMatchObject({ orders: ORDERS, charged_once: ORDERS, gateway_entries: ORDERS });
});

test("what happened in the gateway behind our back is found", async () => {
	const stripe = sandbox.stripe();
	const [twice, , given_back] = books.charges;
	const pay = { currency: "eur", confirm: true, payment_method: "pm_card_visa" };
	const again = { charge_id: twice?.charge_id ?? "", order_id: "order-0" };
	await stripe.paymentIntents.create({ ...pay, amount: 1_000, metadata: again });
	await stripe.paymentIntents.create({ ...pay, amount: 77 });
	await stripe.refunds.create({
		payment_intent: await intentOf(given_back?.order_id ?? ""),
		amount: 5,
		metadata: { order_id: given_back?.order_id ?? "" },
	});
	const { findings } = await verify();
	expect(Object.keys(findings).sort()).toEqual([
		"charged_twice",
		"refund_unasked",
		"unmatched_gateway",
	]);
	expect(findings.charged_twice?.examples).toMatchObject([{ order_id: "order-0" }]);
	expect(findings.unmatched_gateway?.examples[0]?.detail).toContain("77 EUR");
	expect(findings.refund_unasked?.examples).toMatchObject([{ order_id: given_back?.order_id }]);
});
