import { expect, test } from "bun:test";
import type { Cluster } from "../support/cluster.ts";
import { withCluster } from "../support/cluster.ts";
import { startDying } from "../support/dying.ts";
import { CLEAN } from "../support/verdict.ts";
import { type Absorbed, conclude } from "../support/verdict-run.ts";
import { readAudit } from "../support/verdict-state.ts";

const TEST_MS_MAX = 120_000;
/** Orders accepted at least. */
const ORDERS = 300;
/** A pace that leaves something to do until the last death. */
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
		const { load, die, faults } = await startDying(cluster, deaths, ORDERS_A_SECOND_MAX);
		let unrecorded_entries = 0;
		await die(async () => {
			unrecorded_entries += await countUnrecorded(cluster);
		});
		await load.reached(ORDERS);
		await load.stop();
		const run = { faults, unrecorded_entries };
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
