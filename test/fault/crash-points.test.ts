import { expect, test } from "bun:test";
import type { Cluster } from "../support/cluster.ts";
import { withCluster } from "../support/cluster.ts";
import { bringGoods, startLoad } from "../support/cluster-load.ts";
import { makeWorkload } from "../support/cluster-workload.ts";
import { CLEAN } from "../support/verdict.ts";
import { type Absorbed, conclude } from "../support/verdict-run.ts";
import { readAudit } from "../support/verdict-state.ts";

const TEST_MS_MAX = 120_000;
/** Orders accepted at least. */
const ORDERS = 300;
/** More than come in until the last death, at a pace that leaves something to do for it. */
const ORDERS_MAX = 10_000;
const ORDERS_A_SECOND_MAX = 200;

/** A step that a process dies behind, and what has to be done again because of it. */
interface Case {
	readonly point: string;
	/** At which pass it dies the first time. */
	readonly pass: number;
	readonly absorbed: keyof Absorbed | "unrecorded_entries";
}

const cases: readonly Case[] = [
	{ point: "committed@order", pass: 4, absorbed: "swept_events" },
	{ point: "committed@inventory", pass: 3, absorbed: "swept_events" },
	{ point: "committed@payment", pass: 2, absorbed: "swept_events" },
	{ point: "published@order", pass: 5, absorbed: "swept_events" },
	{ point: "published@payment", pass: 2, absorbed: "swept_events" },
	{ point: "handled@inventory-reserve", pass: 3, absorbed: "redeliveries" },
	{ point: "handled@payment-charge", pass: 2, absorbed: "redeliveries" },
	{ point: "handled@order-settle", pass: 3, absorbed: "redeliveries" },
	{ point: "charge-claimed", pass: 2, absorbed: "claimed_again" },
	{ point: "money-moved", pass: 2, absorbed: "claimed_again" },
	{ point: "bundle-written", pass: 2, absorbed: "unrecorded_entries" },
];
const kindsOfDeath = /^(committed@order|handled@payment-charge|money-moved|bundle-written)$/;

for (const { point, pass, absorbed } of cases.filter((it) => kindsOfDeath.test(it.point))) {
	test.concurrent(
		`a process that dies once behind ${point} loses and doubles nothing`,
		() => crash([`${point}:${pass}`], absorbed),
		TEST_MS_MAX,
	);
}

for (const { point, pass, absorbed } of cases) {
	test.concurrent(
		`a process that dies behind ${point} in each of its first three starts neither`,
		() => crash([`${point}:${pass}`, point, point], absorbed),
		TEST_MS_MAX,
	);
}

/** @param deaths the crash point of each start that dies */
async function crash(deaths: readonly string[], expected: Case["absorbed"]) {
	await withCluster({}, async (cluster) => {
		const [millrace] = cluster.processes;
		if (millrace === undefined) throw new Error("no process");
		const [first = "", ...others] = deaths;
		const { goods, orders } = makeWorkload({
			seed: deaths.length,
			orders: ORDERS_MAX,
			scarce: true,
		});
		await millrace.start({ CRASH_AT: first });
		await bringGoods(cluster, goods);
		const load = startLoad(cluster, { orders, rate_max: ORDERS_A_SECOND_MAX });
		let unrecorded_entries = 0;
		for (const next of [...others, ""]) {
			expect(await millrace.exited).toEqual({ code: null, signal: "SIGKILL" });
			unrecorded_entries += await countUnrecorded(cluster);
			millrace.launch({ CRASH_AT: next });
		}
		await load.reached(ORDERS);
		await load.stop();
		const run = { faults: { kills: deaths.length, crash_at: first }, unrecorded_entries };
		const { verdict, absorbed } = await conclude(cluster, "crash point", load.journal, run);
		expect(verdict).toEqual(CLEAN);
		expect(load.journal.contradicted).toEqual([]);
		expect(load.journal.unexpected).toEqual([]);
		expect({ ...absorbed, unrecorded_entries }[expected]).toBeGreaterThan(0);
	});
}

async function countUnrecorded({ audit_folder, sql }: Cluster): Promise<number> {
	const [log] = await sql.audit<{ size: number }[]>`
		select size::float8 from millrace_audit.log`;
	return (await readAudit(audit_folder)).length - (log?.size ?? 0);
}
