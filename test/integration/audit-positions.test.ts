import { afterAll, expect, test } from "bun:test";
import { createAuditStore } from "../../src/modules/audit/store.ts";
import { layFoundation } from "../support/foundation.ts";
import { privateServers } from "../support/servers.ts";
import { eventually } from "../support/wait.ts";

const servers = await privateServers();
afterAll(servers.close);
const { database } = await layFoundation(servers, "audit");
const store = createAuditStore(database);
const ROOT = new Uint8Array(32);
const upTo = (sequence: number) => [
	{ stream: "ORDERS", stream_created_at: "then", sequence } as const,
];

test("whoever opens the log while it grows sees its size and its positions of the same moment", async () => {
	await store.take();
	expect(await store.advance(0, new Uint8Array(8), upTo(1), ROOT)).toBe(true);
	const { sql } = servers;
	let loading: ReturnType<typeof store.load> | undefined;
	await sql.begin(async (growing) => {
		await growing`update millrace_audit.log set size = 2`;
		loading = store.load();
		await eventually(async () => {
			const waiting = await sql`
				select pid from pg_stat_activity
				where wait_event_type = 'Lock' and query like '%millrace_audit.log%'`;
			expect(waiting).toHaveLength(1);
		});
		await growing`update millrace_audit.positions set sequence = 2`;
	});
	expect(await loading).toMatchObject({ size: 2, positions: upTo(2) });
});
