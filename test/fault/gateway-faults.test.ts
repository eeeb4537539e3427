import { expect, test } from "bun:test";
import { withCluster } from "../support/cluster.ts";
import { bringGoods, startLoad } from "../support/cluster-load.ts";
import { makeWorkload } from "../support/cluster-workload.ts";
import {
	allEnded,
	chargesInState,
	declineParked,
	gatewayCounts,
	gauge,
	keysGone,
} from "../support/gateway-run.ts";
import { startSandbox } from "../support/sandbox.ts";
import { CLEAN } from "../support/verdict.ts";
import { conclude } from "../support/verdict-run.ts";
import { eventually } from "../support/wait.ts";

const TEST_MS_MAX = 300_000;

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
		const sandbox = await startSandbox(["--seed", "7"]);
		await sandbox.faults({ charge: FAULTS });
		await withCluster({ sandbox }, async (cluster) => {
			const { goods, orders } = makeWorkload({ seed: 7, orders: 5_000 });
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

const KEY_LIFETIME_S = 4;
const LONG_S = 600;
const KEYS_GONE = 20;

test.concurrent(
	"charges whose key has gone are looked up, never sent again, and left to a person when there is no trace",
	async () => {
		const sandbox = await startSandbox(["--key-lifetime", `${KEY_LIFETIME_S}s`]);
		await sandbox.faults({ charge: { timeout_after: 0.2, refuse: 0.2 } });
		const payment = { key_lifetime_ms: KEY_LIFETIME_S * 1_000 };
		await withCluster({ sandbox, payment }, async (cluster) => {
			const { goods, orders } = makeWorkload({ seed: 13, orders: 400 });
			for (const millrace of cluster.processes) await millrace.start();
			await bringGoods(cluster, goods);
			const load = startLoad(cluster, { orders });
			await load.done;
			await sandbox.outage("hang", LONG_S);
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

const OUTAGE_S = 60;
const ORDERS_A_SECOND = 500;
const ORDERS = OUTAGE_S * ORDERS_A_SECOND;

test.concurrent(
	"a gateway that is away for a minute stops no sale and leaves no dead letter",
	async () => {
		const sandbox = await startSandbox();
		await withCluster({ sandbox }, async (cluster) => {
			const { goods, orders } = makeWorkload({ seed: 17, orders: ORDERS });
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
