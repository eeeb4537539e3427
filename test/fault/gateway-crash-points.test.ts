import { expect, test } from "bun:test";
import { type Cluster, type ClusterOptions, withCluster } from "../support/cluster.ts";
import { bringGoods, type Load, startLoad } from "../support/cluster-load.ts";
import { makeWorkload } from "../support/cluster-workload.ts";
import {
	allEnded,
	cancelSome,
	charged,
	claimsTakenAgain,
	gatewayCounts,
} from "../support/gateway-run.ts";
import type { MillraceProcess } from "../support/process.ts";
import { type SandboxProcess, startSandbox } from "../support/sandbox.ts";
import { CLEAN } from "../support/verdict.ts";
import { type Absorbed, conclude } from "../support/verdict-run.ts";

const TEST_MS_MAX = 150_000;
/** Orders accepted at least where a process dies by itself. */
const ORDERS = 300;
/** More than come in until the last fault. */
const ORDERS_MAX = 6_000;
/** By then the claims of a worker that stands still are somebody else's. */
const TAKEN_AGAIN_MS_MAX = 4_000;
/** Charges by both workers until one is frozen again. */
const AT_WORK = 60;
const SEED = 11;
const WORKERS = { processes: [["order", "inventory", "audit"], ["payment"], ["payment"]] } as const;

/** A step of a charge or refund that a process dies behind, and what has to be done again because of it. */
const cases: readonly {
	readonly step: string;
	readonly point: string;
	readonly absorbed: keyof Absorbed;
}[] = [
	{
		step: "K6 delivered, not claimed",
		point: "delivered@payment-charge",
		absorbed: "redeliveries",
	},
	{ step: "K7 claimed, not sent", point: "charge-claimed@charge", absorbed: "claimed_again" },
	{ step: "K9 answered, not recorded", point: "money-moved@charge", absorbed: "claimed_again" },
	{ step: "K10 recorded, not published", point: "committed@payment", absorbed: "swept_events" },
	{
		step: "K11 recorded, not acknowledged",
		point: "handled@payment-charge",
		absorbed: "redeliveries",
	},
	{
		step: "K15 refund answered, not recorded",
		point: "money-moved@refund",
		absorbed: "claimed_again",
	},
];

for (const { step, point, absorbed } of cases) {
	for (const times of [1, 3]) {
		test.concurrent(
			`${step}: ${times} kills lose nothing and charge nobody twice`,
			() =>
				run(
					step,
					{},
					async (cluster, load) => {
						const [millrace] = cluster.processes as [MillraceProcess];
						for (let kill = 0; kill < times; kill += 1) {
							await millrace.exited;
							millrace.launch(kill + 1 < times ? { CRASH_AT: point } : {});
						}
						await load.reached(ORDERS);
						await load.stop();
						return { faults: { kills: times, crash_at: point }, absorbed };
					},
					{ CRASH_AT: `${point}:2` },
				),
			TEST_MS_MAX,
		);
	}
}

for (const times of [1, 3]) {
	test.concurrent(
		`K8 charged, and the worker dies before the answer: ${times} kills charge nobody twice`,
		() =>
			run("K8 charged, not answered", {}, async (cluster, load, sandbox) => {
				const [millrace] = cluster.processes as [MillraceProcess];
				for (let kill = 1; kill <= times; kill += 1) {
					await sandbox.faults({ charge: { timeout_after: 1 } });
					await charged(sandbox, kill * 20);
					await millrace.kill9();
					await sandbox.faults({});
					await millrace.start();
				}
				await load.stop();
				return { faults: { kills: times }, absorbed: "claimed_again" };
			}),
		TEST_MS_MAX,
	);
}

test.concurrent(
	"K12, K13: workers that stand still for longer than their claims charge nobody twice",
	() =>
		run("K12, K13 frozen workers", WORKERS, async (cluster, load, sandbox) => {
			await sandbox.faults({ charge: { latency: "100..400" }, refund: { latency: "100..400" } });
			const [, first, second] = cluster.processes as [
				MillraceProcess,
				MillraceProcess,
				MillraceProcess,
			];
			let freezes = 0;
			for (const worker of [first, second, first])
				freezes += await freezeInCalls(cluster, sandbox, worker);
			await load.stop();
			return { faults: { freezes }, absorbed: "claimed_again" };
		}),
	TEST_MS_MAX,
);

/**
 * Freezes a worker until another has taken over a claim of its own; it may have none when it is hit.
 * @returns how often it was frozen for that
 */
async function freezeInCalls(cluster: Cluster, sandbox: SandboxProcess, worker: MillraceProcess) {
	const before = await claimsTakenAgain(cluster);
	for (let freezes = 1; ; freezes += 1) {
		await charged(sandbox, (await sandbox.stats()).charges.count + AT_WORK);
		worker.freeze();
		const taken = await claimsTakenAgain(cluster, before + 1, TAKEN_AGAIN_MS_MAX).catch(() => 0);
		worker.thaw();
		if (taken > 0) return freezes;
	}
}

type Disturb = (
	cluster: Cluster,
	load: Load,
	sandbox: SandboxProcess,
) => Promise<{ readonly faults: Record<string, unknown>; readonly absorbed: keyof Absorbed }>;

/** Orders of which some are cancelled while their charge is under way, disturbed, brought to rest, judged. */
async function run(
	name: string,
	options: ClusterOptions,
	disturb: Disturb,
	environment: Record<string, string> = {},
) {
	const sandbox = await startSandbox(["--fault", "charge:latency=20..60"]);
	await withCluster({ ...options, sandbox }, async (cluster) => {
		const { goods, orders } = makeWorkload({ seed: SEED, orders: ORDERS_MAX });
		for (const millrace of cluster.processes) await millrace.start(environment);
		await bringGoods(cluster, goods);
		const load = startLoad(cluster, { orders, rate_max: 100 });
		const cancelling = cancelSome(cluster, load);
		const { faults, absorbed: expected } = await disturb(cluster, load, sandbox);
		const cancelled = await cancelling;
		await allEnded(cluster, TEST_MS_MAX);
		const gateway = await gatewayCounts(sandbox);
		const line = { faults, cancelled, gateway };
		const { verdict, absorbed } = await conclude(cluster, name, load.journal, line);
		expect(verdict).toEqual(CLEAN);
		expect(load.journal.contradicted).toEqual([]);
		expect(absorbed[expected]).toBeGreaterThan(0);
		expect(cancelled).toBeGreaterThan(0);
		expect(gateway.late_posts).toBe(0);
	});
	await sandbox.stop();
}
