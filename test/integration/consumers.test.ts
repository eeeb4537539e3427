import { afterAll, expect, test } from "bun:test";
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

interface Consumer {
	readonly durable: string;
	readonly stream: string;
	readonly subjects: readonly string[];
	readonly pending: number;
	readonly ack_pending: number;
	readonly settled_sequence: number;
	readonly paused: boolean;
	readonly pause_rest_ms: number;
	readonly from_sequence?: number;
}

const ops = createOps(app.app.ops_url);
const list = async () =>
	(await ops("GET", "consumers")).json<{ consumers: readonly Consumer[] }>().consumers;

async function act(durable: string, action: string, more: object = {}) {
	const answer = await ops("POST", `consumers/${durable}/${action}`, { operator: "ada", ...more });
	return { status: answer.status, body: answer.json<Consumer>() };
}

const find = async (durable: string) => (await list()).find((it) => it.durable === durable);
const consumed = async (durable: string) => {
	const text = await (await fetch(`${app.app.ops_url}/metrics`)).text();
	const series = `nats_messages_consumed_total{consumer="${durable}"} `;
	return Number(
		text
			.split("\n")
			.find((it) => it.startsWith(series))
			?.slice(series.length) ?? 0,
	);
};

async function idle(): Promise<void> {
	await eventually(async () => {
		for (const { durable, pending, ack_pending } of await list())
			expect({ durable, pending, ack_pending }).toEqual({ durable, pending: 0, ack_pending: 0 });
	});
}

/** All that the modules have written down, without what every batch touches. */
const books = () => sql`
	select (select json_agg(o order by order_id) from millrace_order.orders o) as orders,
		(select json_agg(s) from millrace_inventory.stock s) as stock,
		(select json_agg(r order by order_id) from millrace_inventory.reservations r) as reservations,
		(select json_agg(c order by order_id, kind) from millrace_payment.charges c) as charges`;

test("lists the durables of all modules with how far they are", async () => {
	const { order_id } = await app.placeOrder();
	await app.ended(order_id, "confirmed");
	await idle();
	const found = await list();
	expect(found.map(({ durable }) => durable)).toEqual([
		"inventory-release",
		"inventory-reserve",
		"order-adopt",
		"order-reject",
		"order-settle",
		"payment-charge",
		"payment-refund",
	]);
	const created = found.find(({ durable }) => durable === "inventory-reserve");
	expect(created).toMatchObject({ stream: "ORDERS", paused: false, pause_rest_ms: 0 });
	expect(created?.subjects).toEqual(["orders.created.*"]);
});

test("a paused consumer gets nothing until it is resumed", async () => {
	expect((await act("payment-charge", "pause", { pause_s: 600 })).body).toMatchObject({
		durable: "payment-charge",
		paused: true,
	});
	expect((await find("payment-charge"))?.pause_rest_ms).toBeWithin(500_000, 600_001);
	const { order_id } = await app.placeOrder();
	await eventually(async () => expect((await find("payment-charge"))?.pending).toBe(1));
	expect((await app.order(order_id)).status).toBe("pending");
	expect((await act("payment-charge", "resume")).body.paused).toBe(false);
	await app.ended(order_id, "confirmed");
});

test("every consumer can be given the whole history again, which changes nothing", async () => {
	const orders = await Promise.all([
		...Array.from({ length: 10 }, () => app.placeOrder()),
		...Array.from({ length: 5 }, () => app.placeOrder({ payment_token: "decline_poor" })),
		...Array.from({ length: 5 }, () =>
			app.placeOrder({ lines: [{ sku: "NONE", quantity: 1, unit_price: 1 }] }),
		),
	]);
	for (const [n, { order_id }] of orders.entries())
		await app.ended(order_id, n < 10 ? "confirmed" : "cancelled");
	await idle();
	const before = await books();
	const counts = async () => (await streams.jsm.streams.info("PAYMENTS")).state.messages;
	const events = await counts();
	for (const { durable } of await list()) {
		const seen = await consumed(durable);
		const { status, body } = await act(durable, "replay", { from: "start" });
		expect({ status, from: body.from_sequence }).toEqual({ status: 200, from: 1 });
		if (durable !== "order-adopt")
			await eventually(async () => expect(await consumed(durable)).toBeGreaterThan(seen), {
				timeout_ms: 10_000,
			});
		await idle();
	}
	expect(await books()).toEqual(before as never);
	expect(await counts()).toBe(events);
}, 60_000);

test("a replay begins at a sequence or at a time", async () => {
	await idle();
	const { last_seq } = (await streams.jsm.streams.info("ORDERS")).state;
	const by_sequence = await act("inventory-reserve", "replay", { from: last_seq - 1 });
	expect(by_sequence.body.from_sequence).toBe(last_seq - 1);
	const message = await streams.jsm.streams.getMessage("ORDERS", { seq: 3 });
	const by_time = await act("inventory-reserve", "replay", {
		from: message?.time.toISOString(),
	});
	expect(by_time.body.from_sequence).toBeWithin(1, 4);
	const later = new Date(Date.now() + 60_000).toISOString();
	const nothing = await act("inventory-reserve", "replay", { from: later });
	expect(nothing.body.from_sequence).toBe(last_seq + 1);
	await idle();
	const { order_id } = await app.placeOrder();
	await app.ended(order_id, "confirmed");
});

test("what an operator does is said in events, and what he cannot do is refused", async () => {
	await streams.jsm.streams.purge("OPERATIONS");
	expect((await act("nobody", "pause", { pause_s: 1 })).status).toBe(404);
	expect((await act("payment-charge", "pause", { pause_s: 0 })).status).toBe(400);
	expect((await act("payment-charge", "replay", { from: "yesterday" })).status).toBe(400);
	expect(await streams.messages("OPERATIONS")).toEqual([]);
	await act("payment-charge", "replay", { from: "start" });
	const said = (await streams.messages("OPERATIONS")).map((it) => it.json());
	expect(said.map(({ operator, action, phase }) => [operator, action, phase])).toEqual([
		["ada", "consumer.replay", "begun"],
		["ada", "consumer.replay", "ended"],
	]);
	expect(JSON.parse(String(said[0]?.details))).toEqual({ durable: "payment-charge", sequence: 1 });
});
