import { afterAll, describe, expect, test } from "bun:test";
import { startApp } from "../support/app.ts";
import { type OrderView, orderBody } from "../support/client.ts";
import { privateServers } from "../support/servers.ts";
import { openStreams } from "../support/streams.ts";
import { eventually } from "../support/wait.ts";

const servers = await privateServers();
afterAll(servers.close);
const { sql } = servers;
const shop = await startApp(servers, { roles: ["order"] });
const streams = await openStreams(servers);

const keyed = (key: string) => ({ "idempotency-key": key });
const ordersOf = (key: string) =>
	sql<{ order_id: string }[]>`
		select order_id from millrace_order.orders where idempotency_key = ${key}`;

describe("a request sent again with its key", () => {
	test("gets the same answer, and says so", async () => {
		const first = await shop.send({}, keyed("again"));
		const second = await shop.send({}, keyed("again"));
		expect([first.status, second.status]).toEqual([202, 202]);
		expect(await second.json()).toEqual(await first.json());
		expect(first.headers.has("idempotent-replayed")).toBe(false);
		expect(second.headers.get("idempotent-replayed")).toBe("true");
		expect(second.headers.get("location")).toBe(first.headers.get("location"));
		expect(await ordersOf("again")).toHaveLength(1);
	});

	test("is the same whatever its spaces and the order of its fields", async () => {
		const { lines, ...rest } = orderBody();
		const first = await shop.placeOrder({}, keyed("spaces"));
		const text = JSON.stringify({ lines, ...rest }, null, "\t");
		const second = await shop.post("/v1/orders", text, keyed("spaces"));
		expect(((await second.json()) as OrderView).order_id).toBe(first.order_id);
	});

	test.each([
		["another customer", { customer_id: "other" }],
		["another currency", { currency: "USD" }],
		["another card", { payment_token: "tok_other" }],
		["another quantity", { lines: [{ sku: "SKU-1", quantity: 2, unit_price: 1_250 }] }],
		["another price", { lines: [{ sku: "SKU-1", quantity: 1, unit_price: 1_251 }] }],
		["another line", { lines: [...orderBody().lines, ...orderBody().lines] }],
	])("is refused with 422 when it says something else: %s", async (name, change) => {
		const key = `other ${name}`;
		const { order_id } = await shop.placeOrder({}, keyed(key));
		const response = await shop.send(change, keyed(key));
		expect(response.status).toBe(422);
		expect(response.headers.get("content-type")).toBe("application/problem+json");
		expect(await ordersOf(key)).toEqual([{ order_id }] as never);
	});

	test("is answered alike after the order has ended and the program was restarted", async () => {
		const data_folder = shop.config.data_folder;
		const before = await startApp(servers, { roles: ["order"], data_folder });
		const first = await (await before.send({}, keyed("restart"))).json();
		await before.cancel((first as OrderView).order_id);
		await before.stop();
		const after = await startApp(servers, { roles: ["order"], data_folder });
		const second = await after.send({}, keyed("restart"));
		expect(second.headers.get("idempotent-replayed")).toBe("true");
		expect(await second.json()).toEqual(first);
		await after.stop();
	});
});

test("fifty twins at two replicas make one order and one event", async () => {
	const replica = await startApp(servers, { roles: ["order"] });
	const answers = await Promise.all(
		Array.from({ length: 50 }, (_, n) => (n % 2 ? shop : replica).send({}, keyed("twins"))),
	);
	expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(202));
	const ids = await Promise.all(
		answers.map(async (answer) => ((await answer.json()) as OrderView).order_id),
	);
	expect(new Set(ids).size).toBe(1);
	const first = answers.filter(({ headers }) => !headers.has("idempotent-replayed"));
	expect(first).toHaveLength(1);
	expect(await ordersOf("twins")).toEqual([{ order_id: ids[0] }] as never);
	await eventually(async () => {
		const events = await streams.messages("ORDERS", "orders.created.v2");
		expect(events.filter((event) => event.json().order_id === ids[0])).toHaveLength(1);
	});
	await replica.stop();
});

test("twins that say different things: one is taken, the others are refused", async () => {
	const answers = await Promise.all(
		Array.from({ length: 20 }, (_, n) => shop.send({ customer_id: `c${n}` }, keyed("rivals"))),
	);
	const codes = answers.map(({ status }) => status).sort();
	expect(codes).toEqual([202, ...Array(19).fill(422)]);
	expect(await ordersOf("rivals")).toHaveLength(1);
});

describe("a key", () => {
	test.each(["k", "k".repeat(255), "!~", "with a space", "../*.>'\"\\"])(
		"may be %j",
		async (key) => {
			const first = await shop.placeOrder({}, keyed(key));
			expect((await shop.placeOrder({}, keyed(key))).order_id).toBe(first.order_id);
			expect(await ordersOf(key)).toHaveLength(1);
		},
	);

	test.each(["", "k".repeat(256), "schlüssel", "a\tb"])("may not be %j", async (key) => {
		const response = await shop.send({}, keyed(key));
		expect(response.status).toBe(400);
		expect(await ordersOf(key)).toHaveLength(0);
	});

	test("that is not sent makes every request an order of its own", async () => {
		const [one, other] = [await shop.placeOrder(), await shop.placeOrder()];
		expect(one.order_id).not.toBe(other.order_id);
	});
});
