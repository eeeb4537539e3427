import { join } from "node:path";
import { type Cluster, type ClusterOptions, withCluster } from "./cluster.ts";
import { bringGoods } from "./cluster-load.ts";
import { makeWorkload, seededRandom } from "./cluster-workload.ts";
import { type Checked, checkInvariants } from "./torture-check.ts";
import { openJournal } from "./torture-journal.ts";
import { type ClientSaw, startTortureLoad } from "./torture-load.ts";
import { evidenceOf } from "./torture-run.ts";
import { atRest } from "./verdict-run.ts";
import { eventually } from "./wait.ts";

export interface SurvivalOptions extends ClusterOptions {
	/** Orders, all of which are accepted in the end. */
	readonly orders: number;
	readonly orders_a_second_max: number;
}

export interface Survival extends Checked {
	readonly saw: ClientSaw;
}

const SEED = 47;
const CLIENTS = 32;
/** Beyond all deadlines of millrace: who is not answered by then never would be. */
const HUNG_MS = 20_000;
const REST_MS_MAX = 60_000;

/** Sends orders while `disturb` goes on, brings all to rest and judges. The clients try until they are told yes. */
export async function survive(
	{ orders: count, orders_a_second_max, ...options }: SurvivalOptions,
	disturb: (cluster: Cluster, accepted: (orders: number) => Promise<void>) => Promise<void>,
): Promise<Survival> {
	let survival: Survival | undefined;
	await withCluster(options, async (cluster) => {
		const { goods, orders } = makeWorkload({ seed: SEED, orders: count });
		for (const millrace of cluster.processes) await millrace.start();
		await bringGoods(cluster, goods);
		const file = join(cluster.data_folder, "journal");
		const journal = await openJournal(file);
		const load = startTortureLoad({
			orders,
			orders_a_second_max,
			clients: CLIENTS,
			urls: cluster.hosting("order").map(({ http_url }) => http_url),
			journal,
			random: seededRandom(SEED),
			answer_ms_max: HUNG_MS,
		});
		const { saw } = load;
		await disturb(cluster, (wanted) =>
			eventually(
				() => {
					if (saw.accepted < wanted) throw new Error(`${saw.accepted} orders are accepted`);
				},
				{ timeout_ms: REST_MS_MAX },
			),
		);
		await load.done;
		await atRest(cluster);
		await journal.close();
		survival = { saw, ...(await checkInvariants(await evidenceOf(cluster, goods, file))) };
	});
	return survival as Survival;
}
