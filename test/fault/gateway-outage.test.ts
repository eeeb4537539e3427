import { expect, test } from "bun:test";
import { withCluster } from "../support/cluster.ts";
import { bringGoods, startLoad } from "../support/cluster-load.ts";
import { makeWorkload } from "../support/cluster-workload.ts";
import { allEnded, chargesInState, gatewayCounts, gauge } from "../support/gateway-run.ts";
import { startSandbox } from "../support/sandbox.ts";
import { CLEAN } from "../support/verdict.ts";
import { conclude } from "../support/verdict-run.ts";
import { eventually } from "../support/wait.ts";

const OUTAGE_S = 60;
const ORDERS_A_SECOND = 500;
const ORDERS = OUTAGE_S * ORDERS_A_SECOND;
const TEST_MS_MAX = 300_000;
const SEED = 17;

test(
	"a gateway that is away for a minute stops no sale and leaves no dead letter",
	async () => {
		const sandbox = await startSandbox();
		await withCluster({ sandbox }, async (cluster) => {
			const { goods, orders } = makeWorkload({ seed: SEED, orders: ORDERS });
			for (const millrace of cluster.processes) await millrace.start();
			await bringGoods(cluster, goods);
			await sandbox.outage("refuse", OUTAGE_S);
			const begun_ms = performance.now();
			const load = startLoad(cluster, { orders, rate_max: ORDERS_A_SECOND });
			await eventually(async () =>
				expect(await gauge(cluster, "millrace_gateway_breaker")).toBe(2),
			);
			const paused = 'millrace_consumer_paused{consumer="payment-charge"}';
			await eventually(async () => expect(await gauge(cluster, paused)).toBe(1));
			await load.done;
			const accepted_ms = Math.round(performance.now() - begun_ms);
			await allEnded(cluster, TEST_MS_MAX);
			const ended_ms = Math.round(performance.now() - begun_ms);
			const counts = await gatewayCounts(sandbox);
			const run = { outage_s: OUTAGE_S, ...counts, accepted_ms, ended_ms };
			const { verdict } = await conclude(cluster, "gateway outage", load.journal, run);
			expect(verdict).toEqual(CLEAN);
			expect(load.journal.accepted.size).toBe(ORDERS);
			expect(counts.late_posts).toBe(0);
			expect(await chargesInState(cluster, "manual")).toBe(0);
			expect((await cluster.broker.jsm.streams.info("DLQ")).state.messages).toBe(0);
			expect(await gauge(cluster, "millrace_gateway_breaker")).toBe(0);
		});
		await sandbox.stop();
	},
	TEST_MS_MAX,
);
