import { afterAll, expect, test } from "bun:test";
import { startApp } from "../support/app.ts";
import type { OrderView } from "../support/client.ts";
import { privateServers } from "../support/servers.ts";
import { openStreams } from "../support/streams.ts";
import { eventually } from "../support/wait.ts";

const servers = await privateServers();
afterAll(servers.close);
const shop = await startApp(servers, { roles: ["order"] });
const streams = await openStreams(servers);
const facts = { customer_id: "customer-1", currency: "EUR", total_amount: 1_250 };

const cancellations = async (order_id: string) =>
	(await streams.messages("ORDERS", "orders.cancelled.v1")).filter(
		(message) => message.json().order_id === order_id,
	);

test("a pending order is cancelled, once, however often it is asked", async () => {
	const { order_id } = await shop.placeOrder();
	const first = await shop.cancel(order_id);
	expect(first.status).toBe(200);
	const cancelled = (await first.json()) as OrderView;
	expect(cancelled).toMatchObject({ status: "cancelled", reason: "customer_request" });
	const again = await shop.cancel(order_id);
	expect(again.status).toBe(200);
	expect(await again.json()).toEqual(cancelled);
	await eventually(async () => expect(await cancellations(order_id)).toHaveLength(1));
});

async function outboxRowsEver(): Promise<number> {
	const [row] = await servers.sql<[{ id: number }]>`
		select last_value::int as id from millrace_order.outbox_id_seq`;
	return row.id;
}

test("twenty requests at once make one event", async () => {
	const { order_id } = await shop.placeOrder();
	const before = await outboxRowsEver();
	const answers = await Promise.all(Array.from({ length: 20 }, () => shop.cancel(order_id)));
	expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
	expect(await outboxRowsEver()).toBe(before + 1);
	await eventually(async () => expect(await cancellations(order_id)).toHaveLength(1));
});

test("a confirmed order stays confirmed", async () => {
	const { order_id } = await shop.placeOrder();
	await streams.publish("payments.completed.v1", {
		...facts,
		message_id: crypto.randomUUID(),
		order_id,
		occurred_at: new Date().toISOString(),
		charge_id: crypto.randomUUID(),
		gateway_reference: "ref",
	});
	await shop.ended(order_id, "confirmed");
	const response = await shop.cancel(order_id);
	expect(response.status).toBe(409);
	expect(response.headers.get("content-type")).toBe("application/problem+json");
	expect(await shop.order(order_id)).toMatchObject({ status: "confirmed" });
	expect(await cancellations(order_id)).toEqual([]);
});

test("an order that there is not cannot be cancelled", async () => {
	expect((await shop.cancel("unknown")).status).toBe(404);
});

test("an order that nobody ends is cancelled at its deadline", async () => {
	const slow = await startApp(servers, {
		roles: ["order"],
		settings: { order: { deadline_ms: 150, deadline_interval_ms: 20 } },
	});
	const { order_id } = await slow.placeOrder();
	expect(await slow.ended(order_id, "cancelled")).toMatchObject({ reason: "deadline" });
	await eventually(async () => expect(await cancellations(order_id)).toHaveLength(1));
});
