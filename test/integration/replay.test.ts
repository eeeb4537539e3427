import { afterAll, expect, test } from "bun:test";
import { startApp } from "../support/app.ts";
import { orderBody } from "../support/client.ts";
import { privateServers } from "../support/servers.ts";
import { openStreams } from "../support/streams.ts";
import { eventually } from "../support/wait.ts";

/** Five thousand take seconds. REPLAY_ORDERS=100000 takes minutes on two cores, most of them to place the orders. */
const ORDERS = Number(process.env.REPLAY_ORDERS ?? 5_000);
const TEST_MS_MAX = 600_000;
const LINES_A_BATCH = 5_000;

const servers = await privateServers();
afterAll(servers.close);
const { sql } = servers;
const app = await startApp(servers, {
	settings: {
		consumer: { ack_wait_ms: 30_000 },
		database: { statement_timeout_ms: 10_000 },
		order: { deadline_ms: 3_600_000 },
	},
});
const streams = await openStreams(servers);

const STREAMS = ["ORDERS", "INVENTORY", "PAYMENTS"];
const lengths = () =>
	Promise.all(STREAMS.map(async (it) => (await streams.jsm.streams.info(it)).state.messages));

async function settled(): Promise<void> {
	await eventually(
		async () => {
			let open = 0;
			for (const stream of STREAMS) {
				for await (const { num_pending, num_ack_pending } of streams.jsm.consumers.list(stream))
					open += num_pending + num_ack_pending;
			}
			const [row] = await sql<{ waiting: number }[]>`
				select (select count(*) from millrace_order.orders where status = 'pending')
					+ (select count(*) from millrace_order.outbox)
					+ (select count(*) from millrace_inventory.outbox)
					+ (select count(*) from millrace_payment.outbox) as waiting`;
			expect([open, Number(row?.waiting)]).toEqual([0, 0]);
		},
		{ timeout_ms: TEST_MS_MAX },
	);
}

/** Of every table that events change, all rows with all columns. */
async function digests() {
	const tables = ["order.orders", "inventory.stock", "inventory.reservations", "payment.charges"];
	const found = await Promise.all(
		tables.map(async (table) => {
			const [row] = await sql.unsafe(`
				select count(*)::int as rows, md5(string_agg(md5(t::text), '' order by md5(t::text))) as digest
				from millrace_${table} t`);
			return { table, rows: row?.rows as number, digest: row?.digest as string };
		}),
	);
	return found;
}

/** Messages that the consumers of this process were given. */
async function consumed(): Promise<number> {
	const text = await (await fetch(`${app.app.ops_url}/metrics`)).text();
	const counts = [...text.matchAll(/^nats_messages_consumed_total\{consumer="(.+)"\} (\d+)$/gm)];
	return counts.reduce((sum, [, name, n]) => (name === "audit-record" ? sum : sum + Number(n)), 0);
}

async function placeOrders() {
	const kinds = [
		orderBody(),
		orderBody(),
		orderBody(),
		orderBody({ payment_token: "decline_poor" }),
		orderBody({ lines: [{ sku: "NONE", quantity: 1, unit_price: 1 }] }),
	];
	for (let at = 0; at < ORDERS; at += LINES_A_BATCH) {
		const lines = Array.from({ length: Math.min(LINES_A_BATCH, ORDERS - at) }, (_, n) =>
			JSON.stringify(kinds[n % kinds.length]),
		);
		const answer = await app.post("/v1/orders/batch", lines.join("\n"), {
			"content-type": "application/x-ndjson",
		});
		const refused = (await answer.text())
			.split("\n")
			.filter((it) => it && !it.includes('"code":202'));
		expect(refused).toEqual([]);
	}
}

test(
	`the history of ${ORDERS} orders, given to every consumer again, changes nothing`,
	async () => {
		await app.stockUp("SKU-1", 10 * ORDERS);
		await placeOrders();
		await settled();
		const before = await digests();
		expect(before.find(({ table }) => table === "order.orders")?.rows).toBe(ORDERS);
		expect(before.find(({ table }) => table === "payment.charges")?.rows).toBe(ORDERS);
		const stored = await lengths();
		const given = await consumed();
		expect(given).toBeGreaterThan(3 * ORDERS);
		const durables: string[] = [];
		for (const stream of STREAMS)
			for await (const { config } of streams.jsm.consumers.list(stream))
				if (config.durable_name) durables.push(config.durable_name);
		expect(durables).toHaveLength(7);
		await Promise.all(
			durables.map(async (durable) => {
				const answer = await fetch(`${app.app.ops_url}/v1/consumers/${durable}/replay`, {
					method: "POST",
					body: JSON.stringify({ operator: "ada", from: "start" }),
					headers: { "content-type": "application/json" },
				});
				expect(await answer.json()).toMatchObject({ durable, from_sequence: 1 });
			}),
		);
		await settled();
		expect(await digests()).toEqual(before);
		expect(await lengths()).toEqual(stored);
		expect(await consumed()).toBeGreaterThanOrEqual(2 * given);
		expect((await streams.jsm.streams.info("DLQ")).state.messages).toBe(0);
		expect(await sql`select * from millrace_payment.failures`).toEqual([] as never);
	},
	TEST_MS_MAX,
);
