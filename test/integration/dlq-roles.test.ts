import { afterAll, expect, test } from "bun:test";
import { startApp } from "../support/app.ts";
import { orderCancelled, publishEvent } from "../support/events.ts";
import { createOps } from "../support/ops.ts";
import { privateServers } from "../support/servers.ts";
import { openStreams } from "../support/streams.ts";
import { eventually } from "../support/wait.ts";

const servers = await privateServers();
afterAll(servers.close);
const { sql } = servers;
const order = await startApp(servers, { roles: ["order"] });
// So long that none is delivered again while 600 are parked.
const consumer = { ack_wait_ms: 60_000 };
const payment = await startApp(servers, { roles: ["payment"], settings: { consumer } });
const streams = await openStreams(servers);

const ops = createOps(order.app.ops_url);
const redrive = (more: object) => ops("POST", "dead-letters/redrive", { operator: "ada", ...more });
const plan = async () =>
	(await redrive({ filter: {}, dry_run: true })).json<{
		effects: Record<string, number>;
		forecasts: { says: string }[];
	}>();

test("a process foresees what another one will do, and redrives for it", async () => {
	await sql`alter table millrace_payment.charges rename to charges_away`;
	const ids = Array.from({ length: 600 }, (_, n) => `roles-${n}`);
	await Promise.all(ids.map((id) => publishEvent(streams, orderCancelled(id))));
	await eventually(
		async () => expect((await streams.jsm.streams.info("DLQ")).state.messages).toBe(600),
		{ timeout_ms: 20_000 },
	);
	await sql`alter table millrace_payment.charges_away rename to charges`;
	expect(await plan()).toMatchObject({
		effects: { acts: 600 },
		forecasts: Array.from({ length: 600 }, () => ({
			says: "noted: this order will not be charged",
		})),
	});
	await payment.stop();
	const alone = await plan();
	expect(alone.effects).toEqual({ unknown: 600 });
	expect(alone.forecasts[0]?.says).toBe("no process that has payment-refund answers");
	const again = await startApp(servers, { roles: ["payment"] });
	const { text } = await redrive({ filter: { module: "payment" } });
	expect(text).toContain('"sent":600');
	await eventually(async () => {
		const [row] = await sql<{ count: number }[]>`
			select count(*)::int as count from millrace_payment.charges where state = 'void'`;
		expect(row?.count).toBe(600);
	});
	await again.stop();
}, 60_000);
