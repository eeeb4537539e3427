import { expect, test } from "bun:test";
import { withCluster } from "../support/cluster.ts";
import { bringGoods, startLoad } from "../support/cluster-load.ts";
import { makeWorkload } from "../support/cluster-workload.ts";
import { privateNats } from "../support/nats.ts";
import { overload, residentBytes } from "../support/overload.ts";
import { logTail } from "../support/process.ts";
import { mountSmallDisk } from "../support/small-disk.ts";
import { mortalPostgres } from "../support/torture-postgres.ts";
import { survive } from "../support/torture-survival.ts";
import { CLEAN } from "../support/verdict.ts";
import { conclude } from "../support/verdict-run.ts";
import { eventually } from "../support/wait.ts";

const TEST_MS_MAX = 180_000;
const OVERLOAD_S = 30;
const WARM_UP = 1_500;
/** So little at once that the load can be twice what it can do. */
const INTAKE = { batch_orders_max: 1, statements_in_flight_max: 1, waiting_orders_max: 100 };
/**
 * What `config/default.toml` lets wait for NATS, and the largest event. A heap lets as much again lie until
 * it collects.
 */
const WAITING_BYTES_MAX = 2 * (50_000 * 1_024 + INTAKE.waiting_orders_max * 65_536);
const STREAM_BYTES_MAX = 262_144;
const FULL = 800;
const MEBIBYTE = 1_048_576;

test(
	"twice the orders that it can take: the surplus is told when to come back, memory stays bounded, what was taken ends",
	async () => {
		await withCluster({ intake: INTAKE }, async (cluster) => {
			for (const millrace of cluster.processes) await millrace.start();
			const warm_up = makeWorkload({ seed: 51, orders: WARM_UP });
			await bringGoods(cluster, warm_up.goods);
			const began_ms = performance.now();
			const first = startLoad(cluster, { orders: warm_up.orders });
			await first.done;
			const able = WARM_UP / ((performance.now() - began_ms) / 1_000);
			const rss_before = await residentBytes(cluster);
			const count = Math.round(2 * able * OVERLOAD_S);
			const { orders } = makeWorkload({ seed: 52, orders: count });
			const saw = await overload(cluster, { orders, orders_a_second: 2 * able, first: WARM_UP });
			const accepted = new Map([...first.journal.accepted, ...saw.accepted]);
			const { answers, rss_max, refused_without_time } = saw;
			const run = { able: Math.round(able), sent: count, answers, rss_before, rss_max };
			const { verdict } = await conclude(cluster, "overload", { accepted }, run);
			expect(verdict).toEqual(CLEAN);
			expect(Object.keys(answers).filter((it) => !["202", "429", "503"].includes(it))).toEqual([]);
			expect((answers["503"] ?? 0) + (answers["429"] ?? 0)).toBeGreaterThan(0);
			expect(refused_without_time).toBe(0);
			expect(rss_max).toBeLessThan(rss_before + WAITING_BYTES_MAX);
		});
	},
	TEST_MS_MAX,
);

test(
	"a stream that is full is named, orders are taken meanwhile, and all end when there is room",
	async () => {
		const nats = { stream_bytes_max: STREAM_BYTES_MAX };
		const { violations, saw } = await survive(
			{ nats, orders: FULL, orders_a_second_max: 200 },
			async (cluster, accepted) => {
				await accepted(FULL);
				const { jsm } = cluster.broker;
				await eventually(() => {
					const [millrace] = cluster.processes;
					expect(logTail(millrace?.log_file ?? "", 50)).toContain("maximum bytes exceeded");
				});
				for (const stream of ["ORDERS", "INVENTORY", "PAYMENTS"]) {
					await jsm.streams.update(stream, { max_bytes: 64 * MEBIBYTE });
				}
			},
		);
		expect(violations).toEqual({});
		expect(saw).toMatchObject({ accepted: FULL, refused: 0, unexpected: [] });
	},
	TEST_MS_MAX,
);

const disk = mountSmallDisk(192);
if (disk !== undefined) {
	test(
		"a disk of Postgres that is full: 503, no false 202, and on as soon as there is room",
		async () => {
			const postgres = await mortalPostgres(disk.folder, {
				max_wal_size: "32MB",
				min_wal_size: "32MB",
			});
			const orders = 1_500;
			const { violations, saw } = await survive(
				{ database_url: postgres.url, orders, orders_a_second_max: 150 },
				async (cluster, accepted) => {
					await accepted(200);
					disk.fill(0);
					const refuses = async () => {
						const url = `${cluster.url("order")}/v1/orders`;
						const response = await fetch(url, { method: "POST", ...PROBE });
						expect(response.status).toBe(503);
						expect(response.headers.has("retry-after")).toBe(true);
					};
					await eventually(refuses, { timeout_ms: 40_000 }).finally(() => disk.free());
				},
			);
			await postgres.stop();
			disk.release();
			expect(violations).toEqual({});
			expect(saw).toMatchObject({ accepted: orders, refused_without_time: 0, unexpected: [] });
			expect(saw.refused).toBeGreaterThan(0);
		},
		TEST_MS_MAX,
	);
}

const broker_disk = mountSmallDisk(64);
if (broker_disk !== undefined) {
	test(
		"a disk of the broker that is full: orders are taken, and all end when it is started with room",
		async () => {
			const server = await privateNats({ folder: broker_disk.folder });
			const { violations, saw } = await survive(
				{ nats_url: server.url, orders: FULL, orders_a_second_max: 150 },
				async (cluster, accepted) => {
					await accepted(200);
					broker_disk.fill(0);
					await accepted(FULL);
					await eventually(() => {
						const [millrace] = cluster.processes;
						expect(logTail(millrace?.log_file ?? "", 50)).toContain("events wait for NATS");
					});
					broker_disk.free();
					// Until then it answers nothing: nats-server 2.15 remembers a failed write as long as it runs.
					await server.restart();
				},
			);
			await server.stop();
			broker_disk.release();
			expect(violations).toEqual({});
			expect(saw).toMatchObject({ accepted: FULL, refused: 0, unexpected: [] });
		},
		TEST_MS_MAX,
	);
}

/** An order that cannot be taken for another reason than the disk would be answered with 4xx. */
const PROBE = {
	headers: { "content-type": "application/json", "idempotency-key": "order-0" },
	body: JSON.stringify(makeWorkload({ seed: 47, orders: 1 }).orders[0]?.body),
};
