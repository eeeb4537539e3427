import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { readLedger } from "../../src/gateway/in-process-gateway.ts";
import { startApp } from "../support/app.ts";
import { orderCancelled, publishEvent } from "../support/events.ts";
import { privateServers } from "../support/servers.ts";
import { openStreams } from "../support/streams.ts";
import { eventually } from "../support/wait.ts";

const servers = await privateServers();
afterAll(servers.close);
const shop = await startApp(servers);
const streams = await openStreams(servers);

const moved = (order_id: string) =>
	readLedger(join(shop.config.data_folder, "gateway"))
		.filter((entry) => entry.order_id === order_id)
		.map(({ kind, amount }) => ({ kind, amount }));

async function story(order_id: string): Promise<string[]> {
	const streamNames = ["ORDERS", "INVENTORY", "PAYMENTS"];
	const found = await Promise.all(streamNames.map((name) => streams.messages(name)));
	const own = found.flat().filter((message) => message.json().order_id === order_id);
	return own.map(({ subject }) => subject).sort();
}

const tells = (order_id: string, ...subjects: string[]) =>
	eventually(async () => expect(await story(order_id)).toEqual(subjects.sort()));

const lines = (sku: string) => [{ sku, quantity: 2, unit_price: 500 }];

test("stock there, card good: confirmed, charged once", async () => {
	await shop.stockUp("GOOD", 2);
	const { order_id } = await shop.placeOrder({ lines: lines("GOOD") });
	await shop.ended(order_id, "confirmed");
	await tells(
		order_id,
		"orders.created.v2",
		"inventory.reserved.v1",
		"payments.completed.v1",
		"orders.confirmed.v1",
	);
	expect(moved(order_id)).toEqual([{ kind: "charge", amount: 1_000 }]);
	expect(await shop.available("GOOD")).toBe(0);
});

test("no stock: cancelled, never charged", async () => {
	const { order_id } = await shop.placeOrder({ lines: lines("NONE") });
	expect(await shop.ended(order_id, "cancelled")).toMatchObject({ reason: "out_of_stock" });
	await tells(order_id, "orders.created.v2", "inventory.rejected.v1", "orders.cancelled.v1");
	expect(moved(order_id)).toEqual([]);
});

test("card declined: cancelled, the stock is back", async () => {
	await shop.stockUp("DECLINED", 2);
	const payment_token = "decline_insufficient_funds";
	const { order_id } = await shop.placeOrder({ lines: lines("DECLINED"), payment_token });
	expect(await shop.ended(order_id, "cancelled")).toMatchObject({ reason: "payment_failed" });
	await tells(
		order_id,
		"orders.created.v2",
		"inventory.reserved.v1",
		"payments.failed.v1",
		"orders.cancelled.v1",
		"inventory.released.v1",
	);
	expect(moved(order_id)).toEqual([]);
	expect(await shop.available("DECLINED")).toBe(2);
});

test("cancelled after the charge: refunded once, the stock is back once", async () => {
	await shop.stockUp("UNDONE", 2);
	const { order_id } = await shop.placeOrder({ lines: lines("UNDONE") });
	await shop.ended(order_id, "confirmed");
	await publishEvent(streams, orderCancelled(order_id), 5);
	await tells(
		order_id,
		"orders.created.v2",
		"inventory.reserved.v1",
		"payments.completed.v1",
		"orders.confirmed.v1",
		...Array(5).fill("orders.cancelled.v1"),
		"inventory.released.v1",
		"payments.refunded.v1",
	);
	expect(moved(order_id)).toEqual([
		{ kind: "charge", amount: 1_000 },
		{ kind: "refund", amount: 1_000 },
	]);
	expect(await shop.available("UNDONE")).toBe(2);
});

/** An order that others published is not there at once. */
async function adopted(order_id: string) {
	await eventually(async () => expect((await shop.get(`/v1/orders/${order_id}`)).status).toBe(200));
	return shop.ended(order_id, "confirmed");
}

test("an order of a v1 producer is adopted once and goes the same way", async () => {
	const order_id = "legacy-1";
	const created_at = Date.now();
	const legacy = { order_id, customer_id: "old-shop", total_amount: 12.34, created_at };
	for (let copy = 0; copy < 3; copy += 1)
		await streams.publish("orders.created.v1", { message_id: `old/${copy}`, ...legacy });
	const found = await adopted(order_id);
	expect(found).toMatchObject({
		customer_id: "old-shop",
		currency: "USD",
		total_amount: 1_234,
		created_at: new Date(created_at).toISOString(),
	} as object);
	expect(moved(order_id)).toEqual([{ kind: "charge", amount: 1_234 }]);
	const created = await streams.messages("ORDERS", "orders.created.v2");
	expect(created.filter((message) => message.json().order_id === order_id)).toHaveLength(1);
});

test("a v1 order that contradicts the one of its id goes to a person", async () => {
	const legacy = { order_id: "legacy-2", total_amount: 1, created_at: Date.now() };
	await streams.publish("orders.created.v1", { message_id: "a", customer_id: "one", ...legacy });
	await adopted("legacy-2");
	const message_id = "b\r\nNats-Rollup: all";
	await streams.publish("orders.created.v1", { message_id, customer_id: "two", ...legacy });
	const letters = await eventually(async () => {
		const found = await streams.messages("DLQ", "orders.dlq");
		expect(found).toHaveLength(1);
		return found;
	});
	expect(letters[0]?.header("Millrace-Reason")).toBe("order id taken");
	expect(letters[0]?.header_names).not.toContain("Nats-Rollup");
	expect(letters[0]?.json()).toMatchObject({ message_id, customer_id: "two" });
});
