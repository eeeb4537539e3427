import { expect, test } from "bun:test";
import type { Cluster } from "../support/cluster.ts";
import { openProxy, type Proxy as TcpProxy } from "../support/proxy.ts";
import { mortalPostgres } from "../support/torture-postgres.ts";
import { type Survival, survive } from "../support/torture-survival.ts";

const TEST_MS_MAX = 120_000;
const ORDERS = 1_200;
const RATE_MAX = 150;
const TIMES = 3;
const STRETCH = ORDERS / (TIMES + 1);
const LOST_ANSWERS = 5;

test(
	"restarts of Postgres, and SIGKILL of its postmaster, hang nobody and break no promise",
	async () => {
		const postgres = await mortalPostgres();
		const options = { database_url: postgres.url, orders: ORDERS, orders_a_second_max: RATE_MAX };
		const survival = await survive(options, async (cluster, accepted) => {
			for (let time = 1; time <= TIMES; time += 1) {
				await accepted(time * STRETCH);
				await (time % 2 === 0 ? postgres.restart(500) : postgres.kill9(500));
			}
			expectStillRunning(cluster);
		});
		await postgres.stop();
		expectUnbroken(survival);
		expect(survival.saw.refused).toBeGreaterThan(0);
	},
	TEST_MS_MAX,
);

test(
	"backends that are terminated again and again under load break no promise",
	async () => {
		const postgres = await mortalPostgres();
		let terminated = 0;
		const options = { database_url: postgres.url, orders: ORDERS, orders_a_second_max: RATE_MAX };
		const survival = await survive(options, async (cluster, accepted) => {
			for (let order = 0; order < ORDERS; order += 60) {
				await accepted(order);
				terminated += (
					await cluster.sql.order`
						select pg_terminate_backend(pid) from pg_stat_activity
						where application_name = 'millrace'`
				).length;
			}
			expectStillRunning(cluster);
		});
		await postgres.stop();
		expectUnbroken(survival);
		expect(terminated).toBeGreaterThan(ORDERS / 60);
	},
	TEST_MS_MAX,
);

test(
	"commits whose answers are lost are asked for again, and each order is there once",
	async () => {
		const postgres = await mortalPostgres();
		let proxy: TcpProxy | undefined;
		const survival = await survive(
			{
				database_url: postgres.url,
				orders: ORDERS,
				orders_a_second_max: RATE_MAX,
				async environment_of(_, { database_url }) {
					proxy = await openProxy(database_url);
					return Object.fromEntries(
						["ORDER", "INVENTORY", "PAYMENT", "AUDIT"].map((role) => [
							`DATABASE_URL_${role}`,
							proxy?.url ?? "",
						]),
					);
				},
			},
			async (_, accepted) => {
				for (let time = 1; time <= TIMES; time += 1) {
					await accepted(time * STRETCH);
					proxy?.loseAnswersTo("customer-", LOST_ANSWERS);
				}
			},
		);
		expectUnbroken(survival);
		expect(proxy?.answers_lost).toBeGreaterThanOrEqual(TIMES);
		await proxy?.close();
		await postgres.stop();
	},
	TEST_MS_MAX,
);

function expectStillRunning({ processes }: Cluster) {
	for (const { running } of processes) expect(running).toBe(true);
}

function expectUnbroken({ violations, saw }: Survival) {
	expect(violations).toEqual({});
	expect(saw).toMatchObject({
		accepted: ORDERS,
		too_late: 0,
		broken_off: 0,
		refused_without_time: 0,
		unexpected: [],
	});
}
