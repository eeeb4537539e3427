import { expect, test } from "bun:test";
import type { EventStream } from "../../src/contracts/streams.ts";
import { type Cluster, withCluster } from "../support/cluster.ts";
import { bringGoods, startLoad } from "../support/cluster-load.ts";
import { makeWorkload } from "../support/cluster-workload.ts";
import { type NatsCluster, natsCluster } from "../support/nats-cluster.ts";
import { CLEAN } from "../support/verdict.ts";
import { conclude } from "../support/verdict-run.ts";
import { eventually } from "../support/wait.ts";

const TEST_MS_MAX = 300_000;
const LEADER_KILLS = 5;
/** Orders between one kill and the next. */
const STRETCH = 150;
const RATE_MAX = 75;
/** Orders accepted while two of three are down: 20 s of them. */
const WITHOUT_MAJORITY = 20 * RATE_MAX;
/** More than come in until the last fault is over. */
const ORDERS_MAX = 20_000;
const LED = ["ORDERS", "INVENTORY", "PAYMENTS"] as const satisfies EventStream[];
const { goods, orders } = makeWorkload({ seed: 51, orders: ORDERS_MAX });

/** Every stream has all its replicas, and none of them is behind. */
async function whole({ broker }: Cluster) {
	await eventually(
		async () => {
			for await (const { config, cluster } of broker.jsm.streams.list()) {
				const replicas = cluster?.replicas ?? [];
				expect(config.num_replicas).toBe(3);
				expect(replicas.filter(({ current }) => current)).toHaveLength(2);
			}
		},
		{ timeout_ms: 60_000 },
	);
}

/** Other servers lead each stream and what is read from it, one after the other. @returns how often that changed */
async function changeLeaders({ broker }: Cluster, reached: () => Promise<void>): Promise<number> {
	let changes = 0;
	for (const stream of LED) {
		const durables = await broker.jsm.consumers.list(stream).next();
		for (const { name } of durables) {
			await broker.nc.request(`$JS.API.CONSUMER.LEADER.STEPDOWN.${stream}.${name}`);
			changes += 1;
		}
		await broker.nc.request(`$JS.API.STREAM.LEADER.STEPDOWN.${stream}`);
		changes += 1;
		await reached();
	}
	return changes;
}

/** The longest time in which no order ended, since a moment. */
async function longestPause({ sql }: Cluster, since_ms: number): Promise<number> {
	const [row] = await sql.order<[{ ms: number }]>`
		select coalesce(max(extract(epoch from updated_at - before)) * 1000, 0)::int as ms
		from (
			select updated_at, lag(updated_at) over (order by updated_at) as before
			from millrace_order.orders
			where status <> 'pending' and updated_at > to_timestamp(${since_ms / 1_000})
		) as ends`;
	return row.ms;
}

/** @returns which servers were killed, one after the other */
async function killLeaders(cluster: Cluster, servers: NatsCluster, reached: () => Promise<void>) {
	const killed: string[] = [];
	for (let kill = 0; kill < LEADER_KILLS; kill += 1) {
		const stream = LED[kill % LED.length] as EventStream;
		const leader = await eventually(() => cluster.broker.leaderOf(stream), { timeout_ms: 30_000 });
		await servers.kill(servers.position(leader));
		killed.push(leader);
		await reached();
		await servers.start(servers.position(leader));
		await whole(cluster);
	}
	return killed;
}

test(
	"of three brokers the leader changes, is killed again and again, then two are down: all orders end",
	async () => {
		const servers = await natsCluster();
		const options = { nats_url: servers.url, environment: { NATS_REPLICAS: "3" } };
		try {
			await withCluster(options, async (cluster) => {
				await Promise.all(cluster.processes.map((millrace) => millrace.start()));
				await bringGoods(cluster, goods);
				const load = startLoad(cluster, { orders, rate_max: RATE_MAX });
				const more = (count: number) => load.reached(load.journal.accepted.size + count);
				await more(STRETCH);
				await whole(cluster);
				const from_ms = Date.now();
				const leaders_changed = await changeLeaders(cluster, () => more(STRETCH));
				const longest_pause_ms = await longestPause(cluster, from_ms);
				const killed = await killLeaders(cluster, servers, () => more(STRETCH));
				await Promise.all([servers.kill(1), servers.kill(2)]);
				const before = load.journal.accepted.size;
				await more(WITHOUT_MAJORITY);
				const accepted_meanwhile = load.journal.accepted.size - before;
				await Promise.all([servers.start(1), servers.start(2)]);
				await whole(cluster);
				await load.stop();
				const { refused, closed, cut, unexpected, contradicted } = load.journal;
				const faults = { leaders_changed, leaders_killed: killed, two_down: 1 };
				const run = { faults, longest_pause_ms, accepted_meanwhile };
				const { verdict } = await conclude(cluster, "cluster of brokers", load.journal, run);
				expect(verdict).toEqual(CLEAN);
				expect({ refused, closed, cut, unexpected, contradicted }).toEqual({
					refused: 0,
					closed: 0,
					cut: 0,
					unexpected: [],
					contradicted: [],
				});
				expect(leaders_changed).toBeGreaterThan(LED.length);
				expect(killed).toHaveLength(LEADER_KILLS);
				expect(accepted_meanwhile).toBeGreaterThan(0);
			});
		} finally {
			await servers.stop();
		}
	},
	TEST_MS_MAX,
);
