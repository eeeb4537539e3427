import { afterAll, expect, test } from "bun:test";
import { type EventStream, streamDurables } from "../../src/contracts/streams.ts";
import { buildApp, startApp } from "../support/app.ts";
import { openHalfway } from "../support/half-open.ts";
import { privateServers } from "../support/servers.ts";
import { openStreams } from "../support/streams.ts";
import { eventually } from "../support/wait.ts";

const servers = await privateServers();
afterAll(servers.close);
const { sql } = servers;
const streams = await openStreams(servers);

/** As `config/default.toml` has them. */
const AS_SHIPPED = {
	nats: { ping_interval_ms: 4_000, request_timeout_ms: 5_000 },
	consumer: { heartbeat_ms: 500, expires_ms: 5_000, stall_ms: 15_000 },
};

test("what is known to be settled takes every durable into account", async () => {
	const { app } = await buildApp(servers);
	const found: Record<string, string[]> = { OPERATIONS: [] };
	for (const { stream, durable } of app.describe().consumers) {
		found[stream] = [...(found[stream] ?? []), durable].sort();
	}
	const known = Object.entries(streamDurables).map(
		([stream, durables]) => [stream as EventStream, [...durables].sort()] as const,
	);
	expect(Object.fromEntries(known)).toEqual(found as never);
});

test("what everybody has settled is kept no longer", async () => {
	const shop = await startApp(servers);
	await shop.stockUp("SKU-1", 1_000);
	const { order_id } = await shop.placeOrder();
	await shop.ended(order_id, "confirmed");
	const kept = async () => {
		const [row] = await sql<[{ n: number }]>`
			select (select count(*) from millrace_order.sent)::int
				+ (select count(*) from millrace_inventory.sent)::int
				+ (select count(*) from millrace_payment.sent)::int as n`;
		return row.n;
	};
	expect(await kept()).toBeGreaterThan(0);
	await eventually(async () => expect(await kept()).toBe(0), { timeout_ms: 20_000 });
	await shop.stop();
}, 40_000);

test("a durable that would drop messages after some deliveries does so no longer", async () => {
	await streams.jsm.consumers.update("PAYMENTS", "order-settle", { max_deliver: 3 });
	const shop = await startApp(servers);
	await eventually(async () => {
		const { config } = await streams.jsm.consumers.info("PAYMENTS", "order-settle");
		expect(config.max_deliver).toBe(-1);
		expect(shop.lines.some(({ msg = "" }) => msg.includes("would have dropped"))).toBe(true);
	});
	await shop.stop();
}, 20_000);

test("a connection whose other end is gone without a word is noticed within 15 s", async () => {
	const halfway = await openHalfway(servers.nats.url);
	servers.atEnd(halfway.close);
	const shop = await startApp(servers, { nats_url: halfway.url, settings: AS_SHIPPED });
	await shop.stockUp("SKU-2", 1_000);
	const first = await shop.placeOrder();
	await shop.ended(first.order_id, "confirmed");
	halfway.forget();
	const { order_id } = await shop.placeOrder();
	await eventually(() => expect(shop.lines.some(({ msg }) => msg === "NATS is back")).toBe(true), {
		timeout_ms: 15_000,
	});
	await shop.ended(order_id, "confirmed", 20_000);
	await shop.stop();
}, 60_000);

test("a broker that does not answer has not lost its consumers", async () => {
	const shop = await startApp(servers, {
		settings: { nats: { ping_interval_ms: 10_000, request_timeout_ms: 500 } },
	});
	await shop.stockUp("SKU-3", 1_000);
	process.kill(servers.nats.pid, "SIGSTOP");
	try {
		await eventually(
			() =>
				expect(shop.lines.some(({ msg }) => msg === "the consumer's state is not known")).toBe(
					true,
				),
			{ timeout_ms: 15_000 },
		);
	} finally {
		process.kill(servers.nats.pid, "SIGCONT");
	}
	const { order_id } = await shop.placeOrder();
	await shop.ended(order_id, "confirmed", 20_000);
	expect(shop.lines.filter(({ msg = "" }) => msg.includes("is missing"))).toEqual([]);
	await shop.stop();
}, 60_000);
