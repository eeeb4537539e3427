import { expect, test } from "bun:test";
import { withCluster } from "../support/cluster.ts";
import { bringGoods, startLoad } from "../support/cluster-load.ts";
import { makeWorkload } from "../support/cluster-workload.ts";
import { allEnded, gatewayCounts } from "../support/gateway-run.ts";
import { startSandbox } from "../support/sandbox.ts";
import { CLEAN } from "../support/verdict.ts";
import { conclude } from "../support/verdict-run.ts";

const TEST_MS_MAX = 300_000;
const ORDERS = 5_000;
const SEED = 7;
const FAULTS = {
	timeout_after: 0.1,
	reset_after: 0.05,
	error_after: 0.05,
	truncate: 0.01,
	rate_limit: 0.3,
};

test.concurrent(
	"a gateway that fails in every way charges each of 5,000 orders once",
	async () => {
		const sandbox = await startSandbox(["--seed", `${SEED}`]);
		await sandbox.faults({ charge: FAULTS });
		await withCluster({ sandbox }, async (cluster) => {
			const { goods, orders } = makeWorkload({ seed: SEED, orders: ORDERS });
			for (const millrace of cluster.processes) await millrace.start();
			await bringGoods(cluster, goods);
			const load = startLoad(cluster, { orders });
			await load.done;
			await allEnded(cluster, TEST_MS_MAX);
			const counts = await gatewayCounts(sandbox);
			const { verdict, absorbed } = await conclude(cluster, "gateway faults", load.journal, counts);
			expect(verdict).toEqual(CLEAN);
			for (const kind of Object.keys(FAULTS)) expect(counts.faults[kind]).toBeGreaterThan(0);
			expect(absorbed.claimed_again).toBeGreaterThan(0);
			expect(counts.replays).toBeGreaterThan(0);
			expect(counts.late_posts).toBe(0);
		});
		await sandbox.stop();
	},
	TEST_MS_MAX,
);
