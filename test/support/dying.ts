import type { Cluster } from "./cluster.ts";
import { bringGoods, startLoad } from "./cluster-load.ts";
import { makeWorkload } from "./cluster-workload.ts";
import type { MillraceProcess } from "./process.ts";

/** More than are placed: deaths take as long as they take. */
const ORDERS_MAX = 10_000;

/**
 * Starts the one process of a cluster so that it dies at a crash point, with goods in stock, and orders that
 * come in until they are stopped.
 * @param deaths the crash point of each start that dies
 */
export async function startDying(
	cluster: Cluster,
	deaths: readonly string[],
	orders_a_second_max: number,
) {
	const millrace = cluster.processes[0] as MillraceProcess;
	const [first = "", ...others] = deaths;
	const { goods, orders } = makeWorkload({
		seed: deaths.length,
		orders: ORDERS_MAX,
		scarce: true,
	});
	await millrace.start({ CRASH_AT: first });
	await bringGoods(cluster, goods);
	const load = startLoad(cluster, { orders, rate_max: orders_a_second_max });

	/** Waits for each death in turn, and starts it again; the last start lives. */
	async function die(onDeath: () => void | Promise<void>): Promise<void> {
		for (const next of [...others, ""]) {
			const { code, signal } = await millrace.exited;
			if (signal !== "SIGKILL") throw new Error(`ended with ${code}, ${signal}`);
			await onDeath();
			millrace.launch({ CRASH_AT: next });
		}
	}
	return { load, die, faults: { kills: deaths.length, crash_at: first } };
}
