import { expect, test } from "bun:test";
import type { Cluster } from "../support/cluster.ts";
import { withCluster } from "../support/cluster.ts";
import { bringGoods, startLoad } from "../support/cluster-load.ts";
import { makeWorkload } from "../support/cluster-workload.ts";
import { CLEAN } from "../support/verdict.ts";
import { type Absorbed, conclude } from "../support/verdict-run.ts";
import { readAudit } from "../support/verdict-state.ts";

const TEST_MS_MAX = 60_000;
const ORDERS = 300;
const STARTS_THAT_DIE = 3;

/** A step that a process dies behind, and what has to be done again because of it. */
interface Case {
	readonly crash_at: string;
	/** At which pass it dies when it dies only once. */
	readonly pass: number;
	readonly absorbed: keyof Absorbed | "unrecorded_entries";
}

const cases: readonly Case[] = [
	{ crash_at: "committed@order", pass: 4, absorbed: "swept_events" },
	{ crash_at: "committed@inventory", pass: 3, absorbed: "swept_events" },
	{ crash_at: "committed@payment", pass: 2, absorbed: "swept_events" },
	{ crash_at: "published@order", pass: 5, absorbed: "swept_events" },
	{ crash_at: "published@payment", pass: 2, absorbed: "swept_events" },
	{ crash_at: "handled@inventory-reserve", pass: 3, absorbed: "redeliveries" },
	{ crash_at: "handled@payment-charge", pass: 2, absorbed: "redeliveries" },
	{ crash_at: "handled@order-settle", pass: 3, absorbed: "redeliveries" },
	{ crash_at: "charge-claimed", pass: 2, absorbed: "claimed_again" },
	{ crash_at: "money-moved", pass: 2, absorbed: "claimed_again" },
	{ crash_at: "bundle-written", pass: 2, absorbed: "unrecorded_entries" },
];

for (const it of cases) {
	test.concurrent(
		`a process that dies behind ${it.crash_at} loses and doubles nothing`,
		() => crash(it, 1, `${it.crash_at}:${it.pass}`),
		TEST_MS_MAX,
	);
	test.concurrent(
		`a process that dies behind ${it.crash_at} in its first ${STARTS_THAT_DIE} starts neither`,
		() => crash(it, STARTS_THAT_DIE, it.crash_at),
		TEST_MS_MAX,
	);
}

async function crash(it: Case, deaths: number, crash_at: string) {
	await withCluster({ databases: "shared" }, async (cluster) => {
		const [millrace] = cluster.processes;
		if (millrace === undefined) throw new Error("no process");
		const { goods, orders } = makeWorkload({ seed: it.pass, orders: ORDERS, scarce: true });
		await millrace.start();
		await bringGoods(cluster, goods);
		await millrace.kill9();
		millrace.launch({ CRASH_AT: crash_at });
		const load = startLoad(cluster, { orders });
		let unrecorded_entries = 0;
		for (let death = 1; death <= deaths; death += 1) {
			expect(await millrace.exited).toEqual({ code: null, signal: "SIGKILL" });
			unrecorded_entries += await countUnrecorded(cluster);
			millrace.launch(death < deaths ? { CRASH_AT: crash_at } : {});
		}
		await load.done;
		const faults = { crash_at, deaths };
		const run = { faults, unrecorded_entries };
		const { verdict, absorbed } = await conclude(cluster, "crash point", load.journal, run);
		expect(verdict).toEqual(CLEAN);
		expect(load.journal.contradicted).toEqual([]);
		expect({ ...absorbed, unrecorded_entries }[it.absorbed]).toBeGreaterThan(0);
	});
}

async function countUnrecorded({ audit_folder, sql }: Cluster): Promise<number> {
	const [log] = await sql.audit<{ size: number }[]>`
		select size::float8 from millrace_audit.log`;
	return readAudit(audit_folder).length - (log?.size ?? 0);
}
