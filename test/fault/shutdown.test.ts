import { expect, test } from "bun:test";
import { withCluster } from "../support/cluster.ts";
import { bringGoods, startLoad } from "../support/cluster-load.ts";
import { makeWorkload } from "../support/cluster-workload.ts";
import { CLEAN } from "../support/verdict.ts";
import { conclude } from "../support/verdict-run.ts";

const TEST_MS_MAX = 90_000;
const STOPS = 5;
const ORDERS_A_STOP = 400;
const EXIT_MS_MAX = 10_000;
/** Connections that the kernel had taken and nobody accepted any more. Nothing was stored for them. */
const CLOSED_MAX = STOPS * 8;

test(
	"SIGTERM under load: what is in hand is finished, and the process ends in time",
	async () => {
		await withCluster({}, async (cluster) => {
			const [millrace] = cluster.processes;
			if (millrace === undefined) throw new Error("no process");
			const { goods, orders } = makeWorkload({ seed: 3, orders: ORDERS_A_STOP * (STOPS + 1) });
			await millrace.start();
			await bringGoods(cluster, goods);
			const load = startLoad(cluster, { orders });
			const exit_ms: number[] = [];
			for (let stop = 1; stop <= STOPS; stop += 1) {
				await load.reached(stop * ORDERS_A_STOP);
				const from_ms = performance.now();
				expect(await millrace.terminate()).toEqual({ code: 0, signal: null });
				exit_ms.push(Math.round(performance.now() - from_ms));
				await millrace.start();
			}
			await load.done;
			const { refused, closed, cut } = load.journal;
			const run = { faults: { stops: STOPS }, exit_ms, clients_saw: { refused, closed, cut } };
			const { verdict, absorbed } = await conclude(cluster, "shutdown", load.journal, run);
			expect(verdict).toEqual(CLEAN);
			expect(load.journal.contradicted).toEqual([]);
			expect(load.journal.unexpected).toEqual([]);
			expect(Math.max(...exit_ms)).toBeLessThan(EXIT_MS_MAX);
			expect({ cut, replayed: absorbed.replayed }).toEqual({ cut: 0, replayed: 0 });
			expect(closed).toBeLessThan(CLOSED_MAX);
			expect(refused).toBeGreaterThan(0);
		});
	},
	TEST_MS_MAX,
);
