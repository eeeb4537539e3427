import { expect, test } from "bun:test";
import { startPostgres } from "../../src/embedded/postgres.ts";
import { withCluster } from "../support/cluster.ts";
import { bringGoods, startLoad } from "../support/cluster-load.ts";
import { makeWorkload } from "../support/cluster-workload.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { CLEAN } from "../support/verdict.ts";
import { conclude } from "../support/verdict-run.ts";

const TEST_MS_MAX = 90_000;
const RATE_MAX = 200;
const OUTAGES = 2;
/** Orders that come in before an outage, and while the broker is away. */
const STRETCH = 250;
const { goods, orders } = makeWorkload({ seed: 31, orders: (2 * OUTAGES + 1) * STRETCH });

test.concurrent(
	"a broker that is killed under load stops no order, and all of them end",
	async () => {
		await withCluster({}, async (cluster) => {
			await Promise.all(cluster.processes.map((millrace) => millrace.start()));
			await bringGoods(cluster, goods);
			const load = startLoad(cluster, { orders, rate_max: RATE_MAX });
			let accepted_meanwhile = 0;
			for (let outage = 0; outage < OUTAGES; outage += 1) {
				await load.reached((2 * outage + 1) * STRETCH);
				await cluster.nats.kill();
				const before = load.journal.accepted.size;
				await load.reached(before + STRETCH);
				accepted_meanwhile += load.journal.accepted.size - before;
				await cluster.nats.restart();
			}
			await load.done;
			const { refused, closed, cut, unexpected, contradicted } = load.journal;
			const run = { faults: { broker_kills: OUTAGES }, accepted_meanwhile };
			const { verdict } = await conclude(cluster, "broker killed", load.journal, run);
			expect(verdict).toEqual(CLEAN);
			expect({ refused, closed, cut, unexpected, contradicted }).toEqual({
				refused: 0,
				closed: 0,
				cut: 0,
				unexpected: [],
				contradicted: [],
			});
			expect(accepted_meanwhile).toBeGreaterThanOrEqual(OUTAGES * STRETCH);
		});
	},
	TEST_MS_MAX,
);

test.concurrent(
	"a Postgres that is restarted under load loses nothing that was accepted",
	async () => {
		const folder = temporaryFolder("postgres");
		let server = await startPostgres({ folder, settings: { shared_buffers: "128MB" } });
		await withCluster({ database_url: server.url }, async (cluster) => {
			await Promise.all(cluster.processes.map((millrace) => millrace.start()));
			await bringGoods(cluster, goods);
			const load = startLoad(cluster, { orders, rate_max: RATE_MAX });
			for (let outage = 1; outage <= OUTAGES; outage += 1) {
				await load.reached(outage * STRETCH);
				await server.stop();
				server = await startPostgres({ folder, settings: { shared_buffers: "128MB" } });
			}
			await load.done;
			const { refused, closed, cut, unexpected, contradicted } = load.journal;
			const { verdict, absorbed } = await conclude(cluster, "Postgres restarted", load.journal, {
				faults: { restarts: OUTAGES },
				clients_saw: { refused, closed, cut },
			});
			expect(verdict).toEqual(CLEAN);
			expect({ unexpected, contradicted }).toEqual({ unexpected: [], contradicted: [] });
			expect(refused + absorbed.redeliveries).toBeGreaterThan(0);
		});
		await server.stop();
	},
	TEST_MS_MAX,
);
