import { afterAll, expect, test } from "bun:test";
import { startApp } from "../support/app.ts";
import { privateServers } from "../support/servers.ts";
import type { Settings } from "../support/settings.ts";
import { openStreams } from "../support/streams.ts";
import { eventually } from "../support/wait.ts";

const servers = await privateServers();
afterAll(servers.close);
const { jsm } = await openStreams(servers);
/** The broker itself drops what it remembers, so it forgets before an order counts as stuck. */
const settings: Settings = {
	nats: { duplicate_window_s: 1 },
	order: { stuck_ms: 2_000, deadline_ms: 60_000 },
};

const AN_HOUR_MS = 3_600_000;
const cases = [
	{ stream: "ORDERS", durable: "inventory-reserve" },
	{ stream: "INVENTORY", durable: "payment-charge" },
	{ stream: "PAYMENTS", durable: "order-settle" },
] as const;

const shop = await startApp(servers, { settings });
await shop.stockUp("SKU-1", 1_000);

for (const { stream, durable } of cases) {
	test(`an order whose event on ${stream} was taken away by hand ends all the same, charged once`, async () => {
		const { last_seq: before } = (await jsm.streams.info(stream)).state;
		await jsm.consumers.pause(stream, durable, new Date(Date.now() + AN_HOUR_MS));
		const { order_id } = await shop.placeOrder();
		await eventually(async () =>
			expect((await jsm.streams.info(stream)).state.last_seq).toBeGreaterThan(before),
		);
		await jsm.streams.purge(stream);
		await jsm.consumers.resume(stream, durable);
		await shop.ended(order_id, "confirmed", 20_000);
		const [row] = await servers.sql<[{ n: number }]>`
			select count(*)::int as n from millrace_payment.charges
			where order_id = ${order_id} and state = 'succeeded'`;
		expect(row.n).toBe(1);
	}, 30_000);
}
