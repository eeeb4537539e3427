import { afterAll, expect, test } from "bun:test";
import { createInventoryStore } from "../../src/modules/inventory/store.ts";
import { startApp } from "../support/app.ts";
import { orderCancelled, orderCreated, publishEvent } from "../support/events.ts";
import { layFoundation } from "../support/foundation.ts";
import { privateServers } from "../support/servers.ts";
import { openStreams } from "../support/streams.ts";
import { eventually } from "../support/wait.ts";

const servers = await privateServers();
afterAll(servers.close);
const { sql } = servers;
const [stock] = await Promise.all([
	startApp(servers, { roles: ["inventory"] }),
	startApp(servers, { roles: ["inventory"] }),
]);
const streams = await openStreams(servers);

const lineOf = (sku: string, quantity: number) => ({ sku, quantity, unit_price: 1 });

async function reservation(order_id: string, status: "held" | "rejected" | "released") {
	return eventually(
		async () => {
			const [row] = await sql<{ status: string; lines: unknown }[]>`
				select status, lines from millrace_inventory.reservations where order_id = ${order_id}`;
			expect(row?.status).toBe(status);
			return row;
		},
		{ timeout_ms: 10_000 },
	);
}

async function said(subject: string, order_id: string) {
	const found = await streams.messages("INVENTORY", subject);
	return found.map((message) => message.json()).filter((event) => event.order_id === order_id);
}

test("every line is held, or none", async () => {
	await stock.stockUp("WHOLE-A", 5);
	await stock.stockUp("WHOLE-B", 1);
	const short = orderCreated("short", [lineOf("WHOLE-A", 2), lineOf("WHOLE-B", 2)]);
	await publishEvent(streams, short);
	await reservation("short", "rejected");
	expect(await stock.available("WHOLE-A")).toBe(5);
	await publishEvent(
		streams,
		orderCreated("fits", [lineOf("WHOLE-A", 2), lineOf("WHOLE-B", 1)], "tok_card"),
	);
	await reservation("fits", "held");
	expect(await stock.available("WHOLE-A")).toBe(3);
	expect(await stock.available("WHOLE-B")).toBe(0);
	await eventually(async () => {
		expect(await said("inventory.rejected.v1", "short")).toMatchObject([{ sku: "WHOLE-B" }]);
		expect(await said("inventory.reserved.v1", "fits")).toMatchObject([
			{
				payment_token: "tok_card",
				total_amount: 1_250,
				lines: [
					{ sku: "WHOLE-A", quantity: 2 },
					{ sku: "WHOLE-B", quantity: 1 },
				],
			},
		]);
	});
});

test("two lines of one SKU are added up", async () => {
	await stock.stockUp("TWICE", 5);
	await publishEvent(streams, orderCreated("twice-6", [lineOf("TWICE", 3), lineOf("TWICE", 3)]));
	await reservation("twice-6", "rejected");
	await publishEvent(streams, orderCreated("twice-5", [lineOf("TWICE", 3), lineOf("TWICE", 2)]));
	expect((await reservation("twice-5", "held"))?.lines).toEqual([{ sku: "TWICE", quantity: 5 }]);
	expect(await stock.available("TWICE")).toBe(0);
});

test("a receipt counts once, however often and at whichever replica it is sent", async () => {
	const body = JSON.stringify({
		receipt_id: "receipt-1",
		lines: [
			{ sku: "RECEIVED", quantity: 2 },
			{ sku: "RECEIVED", quantity: 3 },
		],
	});
	const answers = await Promise.all(
		Array.from({ length: 20 }, () => stock.post("/v1/stock/receipts", body)),
	);
	expect(answers.map(({ status }) => status).sort()).toEqual([...Array(19).fill(200), 201]);
	expect(await stock.available("RECEIVED")).toBe(5);
});

test("a thousand orders want a hundred pieces, at two replicas: exactly a hundred get one", async () => {
	await stock.stockUp("HOT", 100);
	await stock.stockUp("PLENTY", 1_000_000);
	const list = Array.from({ length: 1_000 }, (_, n) => {
		const lines = [lineOf("HOT", 1), lineOf("PLENTY", 2)];
		return orderCreated(`hot-${n}`, n % 2 ? lines : lines.reverse());
	});
	let lowest = Number.POSITIVE_INFINITY;
	let watching = true;
	const watch = async () => {
		while (watching) lowest = Math.min(lowest, await stock.available("HOT"));
	};
	const watched = watch();
	await Promise.all(list.map((event) => publishEvent(streams, event)));
	await eventually(
		async () => {
			const [row] = await sql<[{ held: number; rejected: number }]>`
				select count(*) filter (where status = 'held')::int as held,
					count(*) filter (where status = 'rejected')::int as rejected
				from millrace_inventory.reservations where order_id like 'hot-%'`;
			expect(row).toEqual({ held: 100, rejected: 900 });
		},
		{ timeout_ms: 20_000 },
	);
	watching = false;
	await watched;
	expect(lowest).toBe(0);
	expect(await stock.available("HOT")).toBe(0);
	expect(await stock.available("PLENTY")).toBe(1_000_000 - 200);
	await eventually(async () => {
		const events = await streams.messages("INVENTORY");
		const hot = events.filter((message) => String(message.json().order_id).startsWith("hot-"));
		expect(hot.filter(({ subject }) => subject === "inventory.reserved.v1")).toHaveLength(100);
		expect(hot.filter(({ subject }) => subject === "inventory.rejected.v1")).toHaveLength(900);
	});
}, 40_000);

test("an order that is delivered over and over is held once", async () => {
	await stock.stockUp("AGAIN", 10);
	const event = orderCreated("again", [lineOf("AGAIN", 3)]);
	await publishEvent(streams, event, 20);
	await publishEvent(streams, orderCreated("after-again", [lineOf("AGAIN", 1)]));
	await reservation("after-again", "held");
	await drained("inventory-reserve");
	expect(await stock.available("AGAIN")).toBe(6);
	expect(await said("inventory.reserved.v1", "again")).toHaveLength(1);
});

test("a cancelled order gives back what it held, once", async () => {
	await stock.stockUp("BACK", 10);
	await publishEvent(streams, orderCreated("back", [lineOf("BACK", 4)]));
	await reservation("back", "held");
	await publishEvent(streams, orderCancelled("back"), 20);
	await reservation("back", "released");
	await drained("inventory-release");
	expect(await stock.available("BACK")).toBe(10);
	await eventually(async () =>
		expect(await said("inventory.released.v1", "back")).toMatchObject([
			{ lines: [{ sku: "BACK", quantity: 4 }] },
		]),
	);
});

test("replicas that release at once give back once", async () => {
	const { database } = await layFoundation(servers, "inventory");
	const store = createInventoryStore(database, 60_000);
	await stock.stockUp("RACE", 10);
	await publishEvent(streams, orderCreated("race", [lineOf("RACE", 4)]));
	await reservation("race", "held");
	const held = await store.find(["race"]);
	const event = [[orderCancelled("race")]];
	const written = await Promise.all([1, 2, 3].map(() => store.release(held, [], event)));
	expect(written.filter((it) => it !== undefined)).toHaveLength(1);
	expect(await stock.available("RACE")).toBe(10);
});

test("an order cancelled before it was heard of is never held", async () => {
	await stock.stockUp("EARLY", 10);
	await publishEvent(streams, orderCancelled("early"));
	await reservation("early", "released");
	await publishEvent(streams, orderCreated("early", [lineOf("EARLY", 1)]), 3);
	await drained("inventory-reserve");
	await reservation("early", "released");
	expect(await stock.available("EARLY")).toBe(10);
	expect(await said("inventory.reserved.v1", "early")).toEqual([]);
	expect(await said("inventory.released.v1", "early")).toEqual([]);
});

test("a rejected order gives nothing back when it is cancelled", async () => {
	await stock.stockUp("SHORT", 1);
	await publishEvent(streams, orderCreated("rejected", [lineOf("SHORT", 2)]));
	await reservation("rejected", "rejected");
	await publishEvent(streams, orderCancelled("rejected", "out_of_stock"));
	await drained("inventory-release");
	await reservation("rejected", "rejected");
	expect(await stock.available("SHORT")).toBe(1);
});

async function drained(durable: string): Promise<void> {
	await eventually(async () => {
		const info = await streams.jsm.consumers.info("ORDERS", durable);
		expect([info.num_pending, info.num_ack_pending]).toEqual([0, 0]);
	});
}
