import { expect, test } from "bun:test";
import { withCluster } from "../support/cluster.ts";
import { bringGoods, startLoad } from "../support/cluster-load.ts";
import { makeWorkload } from "../support/cluster-workload.ts";
import { declineParked, gatewayCounts, keysGone } from "../support/gateway-run.ts";
import { startSandbox } from "../support/sandbox.ts";
import { CLEAN } from "../support/verdict.ts";
import { conclude } from "../support/verdict-run.ts";

const TEST_MS_MAX = 120_000;
const ORDERS = 400;
const SEED = 13;
const KEY_LIFETIME_S = 4;
const OUTAGE_S = 600;
const KEYS_GONE = 20;

test(
	"charges whose key has gone are looked up, never sent again, and left to a person when there is no trace",
	async () => {
		const sandbox = await startSandbox(["--key-lifetime", `${KEY_LIFETIME_S}s`]);
		await sandbox.faults({ charge: { timeout_after: 0.2, refuse: 0.2 } });
		const payment = { key_lifetime_ms: KEY_LIFETIME_S * 1_000 };
		await withCluster({ sandbox, payment }, async (cluster) => {
			const { goods, orders } = makeWorkload({ seed: SEED, orders: ORDERS });
			for (const millrace of cluster.processes) await millrace.start();
			await bringGoods(cluster, goods);
			const load = startLoad(cluster, { orders });
			await load.done;
			await sandbox.outage("hang", OUTAGE_S);
			await keysGone(cluster, KEY_LIFETIME_S, KEYS_GONE);
			await sandbox.endOutage();
			await sandbox.faults({});
			const parked = await declineParked(cluster, TEST_MS_MAX);
			const counts = await gatewayCounts(sandbox);
			const run = { ...counts, parked };
			const { verdict, absorbed } = await conclude(cluster, "key expiry", load.journal, run);
			expect(verdict).toEqual(CLEAN);
			expect(counts.late_posts).toBe(0);
			expect(counts.faults.timeout_after).toBeGreaterThan(0);
			expect(absorbed.claimed_again).toBeGreaterThan(0);
			expect(parked).toBeGreaterThan(0);
		});
		await sandbox.stop();
	},
	TEST_MS_MAX,
);
