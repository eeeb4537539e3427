import { expect, test } from "bun:test";
import { moduleNames } from "../../src/contracts/streams.ts";
import { withCluster } from "../support/cluster.ts";
import { startDuplicates } from "../support/cluster-duplicates.ts";
import { bringGoods, startLoad } from "../support/cluster-load.ts";
import { makeWorkload } from "../support/cluster-workload.ts";
import type { MillraceProcess } from "../support/process.ts";
import { CLEAN } from "../support/verdict.ts";
import { atRest, conclude } from "../support/verdict-run.ts";

const TEST_MS_MAX = 90_000;
const ORDERS = 300;
const SEED = 23;

test(
	"every event again and again, shuffled, to two replicas of every role, takes effect once",
	async () => {
		const replicas = { processes: [moduleNames, moduleNames], duplicate_window_s: 1 };
		await withCluster(replicas, async (cluster) => {
			const { goods, orders } = makeWorkload({ seed: SEED, orders: ORDERS, scarce: true });
			await Promise.all(cluster.processes.map((millrace) => millrace.start()));
			await bringGoods(cluster, goods);
			const duplicates = await startDuplicates(cluster, SEED);
			const url = (position: number) => cluster.processes[position % 2]?.http_url ?? "";
			const load = startLoad(cluster, { orders, url });
			await load.done;
			await atRest(cluster);
			await duplicates.settled();
			await duplicates.again();
			await duplicates.stop();
			await atRest(cluster);
			const { offered } = duplicates;
			const consumed = await Promise.all(cluster.processes.map(consumedBy));
			const run = { seed: SEED, faults: { copies: offered }, consumed };
			const { verdict, state } = await conclude(cluster, "duplicates", load.journal, run);
			expect(verdict).toEqual(CLEAN);
			expect(load.journal.contradicted).toEqual([]);
			const events = new Set(state.audit.map(({ subject, order_id }) => `${subject}/${order_id}`));
			expect(offered).toBeGreaterThan(2 * events.size);
			expect(Math.min(...consumed)).toBeGreaterThan(0);
			expect((await cluster.broker.jsm.streams.info("DLQ")).state.messages).toBe(0);
		});
	},
	TEST_MS_MAX,
);

/** Messages that the handlers of a process took; the audit's own reader is another matter. */
async function consumedBy({ ops_url }: MillraceProcess): Promise<number> {
	const text = await (await fetch(`${ops_url}/metrics`)).text();
	const counts = text.matchAll(/^nats_messages_consumed_total\{consumer="([^"]+)"\} (\d+)$/gm);
	let sum = 0;
	for (const [, consumer, count] of counts) if (consumer !== "audit-record") sum += Number(count);
	return sum;
}
