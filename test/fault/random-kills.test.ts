import { expect, test } from "bun:test";
import { type Cluster, ONE_ROLE_EACH, withCluster } from "../support/cluster.ts";
import { bringGoods, type Load, startLoad } from "../support/cluster-load.ts";
import { makeWorkload, seededRandom } from "../support/cluster-workload.ts";
import { CLEAN } from "../support/verdict.ts";
import { conclude } from "../support/verdict-run.ts";

const TEST_MS_MAX = 180_000;
const ORDERS = 3_000;
const KILLS = 20;
/** So slow that the orders are still coming in when the last kill is due. */
const ORDERS_A_SECOND_MAX = 250;
const SEED = 7;

test.concurrent(
	"one process that is killed again and again loses and doubles nothing",
	() => survive("random kills of one process", {}),
	TEST_MS_MAX,
);

test.concurrent(
	"processes of one role each that are killed at random lose and double nothing",
	() => survive("random kills of four processes", { processes: ONE_ROLE_EACH }),
	TEST_MS_MAX,
);

async function survive(name: string, options: Parameters<typeof withCluster>[0]) {
	await withCluster(options, async (cluster) => {
		const { goods, orders } = makeWorkload({ seed: SEED, orders: ORDERS, scarce: true });
		await Promise.all(cluster.processes.map((millrace) => millrace.start()));
		await bringGoods(cluster, goods);
		const started_ms = performance.now();
		const load = startLoad(cluster, { orders, rate_max: ORDERS_A_SECOND_MAX });
		const killed = await killAtRandom(cluster, load);
		await load.done;
		const { verdict, absorbed } = await conclude(cluster, name, load.journal, {
			seed: SEED,
			faults: { kills: KILLS, of: killed },
			clients_saw: clientsSaw(load),
			load_ms: Math.round(performance.now() - started_ms),
		});
		expect(verdict).toEqual(CLEAN);
		expect(load.journal.contradicted).toEqual([]);
		expect(load.journal.unexpected).toEqual([]);
		expect(absorbed.redeliveries).toBeGreaterThan(0);
		expect(absorbed.swept_events).toBeGreaterThan(0);
	});
}

/** Kills one process after another, each when a random number of orders more is accepted. */
async function killAtRandom(cluster: Cluster, load: Load): Promise<Record<string, number>> {
	const random = seededRandom(SEED);
	const killed: Record<string, number> = {};
	let accepted = 0;
	for (let kill = 0; kill < KILLS; kill += 1) {
		accepted += 1 + Math.floor(random() * ((2 * ORDERS) / (KILLS + 2)));
		await load.reached(Math.min(accepted, ORDERS));
		const victim = cluster.processes[Math.floor(random() * cluster.processes.length)];
		const roles = `${victim?.roles}`;
		killed[roles] = (killed[roles] ?? 0) + 1;
		await victim?.kill9();
		await victim?.start();
	}
	return killed;
}

function clientsSaw({ journal: { refused, closed, cut } }: Load) {
	return { refused, closed, cut };
}
