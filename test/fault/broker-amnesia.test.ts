import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { type Cluster, ONE_ROLE_EACH, withCluster } from "../support/cluster.ts";
import { bringGoods, startLoad } from "../support/cluster-load.ts";
import { makeWorkload } from "../support/cluster-workload.ts";
import { CLEAN, judge } from "../support/verdict.ts";
import { atRest, conclude } from "../support/verdict-run.ts";
import { eventually } from "../support/wait.ts";

const TEST_MS_MAX = 180_000;
const RATE_MAX = 150;
const { goods, orders } = makeWorkload({ seed: 41, orders: 1_500, scarce: true });
/** Orders accepted when the copy is taken, and when payment and the log stand still. */
const COPY_AT = 300;
const FREEZE_AT = 900;
/** Decisions on stock that payment has not seen when the broker forgets: more than it had fetched ahead. */
const UNSEEN = 250;
/** What is delivered again on a busy machine takes a while. */
const REST_MS_MAX = 80_000;

/** Who publishes a stream's events again, and who records them. */
const MENDED_BY = [
	...["order ORDERS", "inventory INVENTORY", "payment PAYMENTS"],
	...["audit ORDERS", "audit INVENTORY", "audit PAYMENTS"],
];

type Store = "an empty disk" | "an older copy of its store";

/** Loses what the broker has, while orders come in and go on coming in. */
async function lose(cluster: Cluster, store: Store) {
	await Promise.all(cluster.processes.map((millrace) => millrace.start()));
	await bringGoods(cluster, goods);
	const load = startLoad(cluster, { orders, rate_max: RATE_MAX });
	await load.reached(COPY_AT);
	const copy = store === "an empty disk" ? undefined : await cluster.nats.copyStore();
	await load.reached(FREEZE_AT);
	// What the others publish from now on nobody has had when it is lost.
	const frozen = [...cluster.hosting("payment"), ...cluster.hosting("audit")];
	const before = await cluster.broker.progress();
	for (const millrace of frozen) millrace.freeze();
	const { last } = await eventually(
		async () => {
			const progress = await cluster.broker.progress();
			expect(progress.last.INVENTORY).toBeGreaterThan(before.last.INVENTORY + UNSEEN);
			return progress;
		},
		{ timeout_ms: 60_000 },
	);
	await cluster.nats.kill();
	cluster.nats.replaceStore(copy);
	await cluster.nats.restart();
	for (const millrace of frozen) millrace.thaw();
	await load.done;
	return { journal: load.journal, last };
}

/** What the guards say that they did. */
function mended(cluster: Cluster): { module: string; stream: string; published: number }[] {
	const lines = cluster.processes.flatMap(({ log_file }) =>
		readFileSync(log_file, "utf8").split("\n"),
	);
	return lines
		.filter((line) => line.includes("a stream may have lost events"))
		.map((line) => JSON.parse(line));
}

/** Everything on the streams is settled and nothing is added: what has not ended by then never will. */
async function nothingIsUnderWay({ broker, sql }: Cluster) {
	let before = "";
	await eventually(
		async () => {
			const [row] = await sql.order<[{ n: number }]>`
				select ((select count(*) from millrace_order.outbox)
					+ (select count(*) from millrace_inventory.outbox)
					+ (select count(*) from millrace_payment.outbox)
					+ (select count(*) from millrace_payment.charges where state = 'in_flight'))::int as n`;
			const { open, last } = await broker.progress();
			const now = JSON.stringify(last);
			const moved = now !== before;
			before = now;
			expect({ waiting: row.n, open, moved }).toEqual({ waiting: 0, open: 0, moved: false });
		},
		{ timeout_ms: REST_MS_MAX },
	);
}

for (const store of ["an empty disk", "an older copy of its store"] as const) {
	test.concurrent(
		`a broker killed with orders in flight that comes back with ${store} loses nothing`,
		async () => {
			await withCluster({ processes: ONE_ROLE_EACH }, async (cluster) => {
				const { journal, last } = await lose(cluster, store);
				// One whose guard has not looked yet may seem to be at rest.
				await eventually(
					() => {
						const done = mended(cluster).map(({ module, stream }) => `${module} ${stream}`);
						expect(done).toEqual(expect.arrayContaining(MENDED_BY));
					},
					{ timeout_ms: REST_MS_MAX },
				);
				const published = mended(cluster).reduce((sum, it) => sum + it.published, 0);
				const run = { faults: { store }, events_before: last, published_again: published };
				await atRest(cluster);
				const { verdict } = await conclude(cluster, "broker amnesia", journal, run);
				expect(verdict).toEqual(CLEAN);
				expect(published).toBeGreaterThan(0);
			});
		},
		TEST_MS_MAX,
	);
}

test.concurrent(
	"without the repair the same loss leaves orders that do not end, or gaps in the log",
	async () => {
		const environment = { FAULT_WITHOUT: "stream-repair" };
		await withCluster({ processes: ONE_ROLE_EACH, environment }, async (cluster) => {
			const { journal } = await lose(cluster, "an empty disk");
			await eventually(() => expect(mended(cluster).length).toBeGreaterThan(2), {
				timeout_ms: 20_000,
			});
			await nothingIsUnderWay(cluster);
			const { not_ended, findings } = await judge(cluster, journal);
			const run = { test: "broker amnesia, not repaired", not_ended, findings };
			process.stdout.write(`${JSON.stringify(run)}\n`);
			expect(not_ended + (findings.event_missing ?? 0)).toBeGreaterThan(0);
		});
	},
	TEST_MS_MAX,
);
