import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { AckPolicy } from "@nats-io/jetstream";
import { createConsumer } from "../../src/messaging/consumer.ts";
import { done } from "../../src/messaging/outcome.ts";
import { adopted } from "../../src/modules/order/order.ts";
import { startApp } from "../support/app.ts";
import { readLog } from "../support/audit-log.ts";
import { orderCancelled, orderCreated } from "../support/events.ts";
import { layFoundation } from "../support/foundation.ts";
import { privateServers } from "../support/servers.ts";
import { openStreams } from "../support/streams.ts";
import { eventually } from "../support/wait.ts";

const servers = await privateServers();
afterAll(servers.close);
const foundation = await layFoundation(servers, "order");
const streams = await openStreams(servers);
/** A build that still feeds readers of v1, and one that no longer does, on the same durables. */
const feeding = await startApp(servers, {
	settings: { contracts: { publish_legacy: true, legacy_currency: "EUR" } },
});
const modern = await startApp(servers, {
	settings: { contracts: { publish_legacy: false, legacy_currency: "EUR" } },
	data_folder: feeding.config.data_folder,
});
await modern.stockUp("SKU-1", 1_000_000);
const line = { sku: "SKU-1", quantity: 1, unit_price: 1_250 };

beforeEach(async () => void (await streams.jsm.streams.purge("DLQ")));

const letters = async () =>
	(await streams.messages("DLQ")).map((letter) => ({
		subject: letter.subject,
		reason: letter.header("Millrace-Reason"),
		consumer: letter.header("Millrace-Consumer"),
		redrives: letter.header("Millrace-Redrives"),
	}));
const ids = (count: number, name: string) =>
	Array.from({ length: count }, () => `${name}-${crypto.randomUUID().slice(0, 8)}`);
const publishV1 = (order_id: string) =>
	streams.publish("orders.created.v1", {
		message_id: crypto.randomUUID(),
		order_id,
		customer_id: "customer-1",
		total_amount: 12.5,
		created_at: Date.now(),
	});

describe("producers and readers of v1 and v2 side by side", () => {
	const foreign = ids(20, "foreign");
	const ours = { feeding: [] as string[], modern: [] as string[] };

	test("all orders end, whoever took them and whichever build has them in hand", async () => {
		await Promise.all([
			...foreign.map(publishV1),
			...Array.from({ length: 20 }, async () => {
				ours.feeding.push((await feeding.placeOrder()).order_id);
				ours.modern.push((await modern.placeOrder()).order_id);
			}),
		]);
		for (const order_id of [...foreign, ...ours.feeding, ...ours.modern])
			await eventually(
				async () => expect((await modern.order(order_id)).status).toBe("confirmed"),
				{ timeout_ms: 15_000 },
			);
		expect(await letters()).toEqual([]);
	}, 40_000);

	test("a reader of v1 alone has the orders of those who write v1", async () => {
		const consumer = await streams.jsm.consumers.add("ORDERS", {
			durable_name: "old-reader",
			ack_policy: AckPolicy.Explicit,
			filter_subject: "orders.created.v1",
		});
		expect(consumer.num_pending).toBe(40);
		const found = (await streams.messages("ORDERS", "orders.created.v1")).map((it) => it.json());
		expect(found.map(({ order_id }) => order_id).sort()).toEqual(
			[...foreign, ...ours.feeding].sort() as never,
		);
		expect(new Set(found.map(({ total_amount }) => total_amount))).toEqual(new Set([12.5]));
	});

	test("a reader of v2 alone has all orders, each once: v1 was turned into v2 at the edge", async () => {
		const found = (await streams.messages("ORDERS", "orders.created.v2")).map((it) => it.json());
		expect(found.map(({ order_id }) => order_id).sort()).toEqual(
			[...foreign, ...ours.feeding, ...ours.modern].sort() as never,
		);
		expect(new Set(found.map(({ total_amount }) => total_amount))).toEqual(new Set([1_250]));
	});

	test("a reader that takes both upcasts v1 and sees the same orders", async () => {
		const seen = new Map<string, Set<number>>();
		const consumer = createConsumer(
			{
				durable: "reader-of-both",
				stream: "ORDERS",
				subjects: ["orders.created.v1", "orders.created.v2"],
				async handle(events) {
					for (const event of events) {
						const order =
							event.subject === "orders.created.v1" ? adopted(event.data, "EUR") : event.data;
						const amounts = seen.get(order.order_id) ?? new Set();
						seen.set(order.order_id, amounts.add(order.total_amount));
					}
					return events.map(() => done);
				},
			},
			{ ...foundation, settings: feeding.config.consumer },
		);
		await consumer.start();
		await eventually(() => expect(seen.size).toBe(60));
		await consumer.stop();
		expect(new Set([...seen.values()].flatMap((amounts) => [...amounts]))).toEqual(
			new Set([1_250]),
		);
	});
});

test("a field of a later minor version passes: the order goes on, and the log keeps the field", async () => {
	const [order_id = ""] = ids(1, "minor");
	const event = orderCreated(order_id, [line]);
	const data = { ...JSON.parse(event.data), gift: { wrap: true } };
	await streams.publish(event.subject, data, { "Nats-Msg-Id": event.message_id });
	const reserved = await eventually(async () => {
		const all = await streams.messages("INVENTORY", "inventory.reserved.v1");
		const found = all.find((it) => it.json().order_id === order_id);
		expect(found).toBeDefined();
		return found?.json();
	});
	expect(reserved).toMatchObject({ order_id, total_amount: 1_250 });
	expect(await letters()).toEqual([]);
	await eventually(() => {
		const entries = readLog(feeding.config.audit.store);
		expect(entries.filter((it) => it.order_id === order_id).length).toBeGreaterThanOrEqual(2);
	});
	const stored = await streams.messages("ORDERS", "orders.created.v2");
	expect(stored.find((it) => it.json().order_id === order_id)?.json()).toEqual(data);
});

describe("a major version that this build does not know", () => {
	test("is parked by who takes the newest that it does know, and nothing else is", async () => {
		const [order_id = ""] = ids(1, "major");
		const event = orderCreated(order_id, [line]);
		await streams.publish("orders.created.v3", event.data);
		await eventually(async () =>
			expect(await letters()).toEqual([
				{
					subject: "inventory.dlq",
					reason: "unknown subject orders.created.v3",
					consumer: "inventory-reserve",
					redrives: "",
				},
			]),
		);
	});

	test("is parked for each module that would have to act on it", async () => {
		const event = orderCancelled(ids(1, "cancelled")[0] ?? "");
		await streams.publish("orders.cancelled.v2", event.data);
		await eventually(async () =>
			expect((await letters()).map(({ consumer }) => consumer).sort()).toEqual([
				"inventory-release",
				"payment-refund",
			]),
		);
	});

	test("waits there for a build that does: until then a redrive parks it again", async () => {
		await streams.publish("orders.created.v4", orderCreated(ids(1, "later")[0] ?? "", [line]).data);
		await eventually(async () => expect(await letters()).toHaveLength(1));
		const answer = await fetch(`${modern.app.ops_url}/v1/dead-letters/redrive`, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: JSON.stringify({ operator: "ada", filter: {} }),
		});
		expect(await answer.text()).toContain('"sent":1');
		await eventually(async () =>
			expect((await letters()).map(({ redrives }) => redrives)).toEqual(["1"]),
		);
	});
});
