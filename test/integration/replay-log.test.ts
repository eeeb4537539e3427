import { expect, test } from "bun:test";
import { countDifferences } from "../../src/replay/report.ts";
import { runMillrace } from "../support/cli.ts";
import { type Cluster, ONE_ROLE_EACH, withCluster } from "../support/cluster.ts";
import { bringGoods, startLoad } from "../support/cluster-load.ts";
import { makeWorkload } from "../support/cluster-workload.ts";
import { bringToEveryEnd, type Fates, replayOf } from "../support/replayed.ts";

const TEST_MS_MAX = 120_000;
const ORDERS = 120;
/** More than come in until the log is replayed. */
const BUSY_ORDERS = 20_000;
const BUSY_RATE = 100;
/** Nothing is written any more: what differs is found at once. */
const AT_REST_MS = 0;

test(
	"one process: the log comes to what the tables say, and each lie in a table is found",
	() =>
		withCluster({}, async (cluster) => {
			const fates = await bringToEveryEnd(cluster, ORDERS);
			await isHealthy(cluster);
			await saysSo(cluster);
			// Triggers refuse some of the lies.
			await cluster.sql.order.unsafe("set session_replication_role = replica");
			for (const lie of lies(fates)) await isFound(cluster, lie);
			expect(countDifferences(await replayOf(cluster, AT_REST_MS))).toBe(0);
		}),
	TEST_MS_MAX,
);

test(
	"four processes of one role each on four databases: the same",
	() =>
		withCluster({ processes: ONE_ROLE_EACH, databases: "one each" }, async (cluster) => {
			await bringToEveryEnd(cluster, ORDERS);
			await isHealthy(cluster);
		}),
	TEST_MS_MAX,
);

test(
	"while orders come in, what is on its way is no difference",
	() =>
		withCluster({}, async (cluster) => {
			const { goods, orders } = makeWorkload({ seed: 8, orders: BUSY_ORDERS });
			await Promise.all(cluster.processes.map((it) => it.start()));
			await bringGoods(cluster, goods);
			const load = startLoad(cluster, { orders, rate_max: BUSY_RATE });
			await load.reached(2 * BUSY_RATE);
			const report = await replayOf(cluster);
			expect(load.journal.accepted.size).toBeLessThan(BUSY_ORDERS);
			await load.stop();
			expect(report.differences).toEqual({});
			expect(report.rebuilt.orders).toBeGreaterThan(0);
		}),
	TEST_MS_MAX,
);

async function isHealthy(cluster: Cluster) {
	const report = await replayOf(cluster);
	expect(report.differences).toEqual({});
	expect(report).toMatchObject({ first: null, open: 0, compared: true, foreign: 0, repeated: 0 });
	// Every order has a row of each kind but for those that were out of stock, which were not charged.
	const [counted] = await cluster.sql.payment<{ charges: number; refunds: number }[]>`
		select count(*) filter (where kind = 'charge')::int as charges,
			count(*) filter (where kind = 'refund')::int as refunds
		from millrace_payment.charges`;
	const orders = ORDERS + 3;
	expect(report.rebuilt).toEqual({ orders, reservations: orders, ...counted, skus: 8 } as never);
	expect(report.rebuilt.refunds).toBe(3);
}

async function saysSo({ audit_folder, data_folder, database_urls }: Cluster) {
	const replay = (flags: readonly string[], environment: Record<string, string>) =>
		runMillrace(["audit", "replay", "--store", audit_folder, ...flags], {
			cwd: data_folder,
			environment,
		});
	const { code, stdout } = await replay([], { DATABASE_URL: database_urls.order });
	expect(stdout).toContain("\nThe tables are what the log tells.\n");
	expect(code).toBe(0);
	const alone = await replay(["--log-only", "--json"], {});
	expect(alone.code).toBe(0);
	const { state_hash, compared } = JSON.parse(alone.stdout);
	expect(compared).toBe(false);
	expect(stdout).toContain(state_hash);
}

/** What is found when a column of one row says something else. */
interface Lie {
	readonly table: string;
	readonly column: string;
	/** In SQL. */
	readonly value: string;
	/** Which row. */
	readonly where: string;
	/** All kinds of differences it makes. */
	readonly found: readonly string[];
}

function lies({ confirmed, declined, out_of_stock, early, late, refunded }: Fates): Lie[] {
	const column =
		(table: string, kind: string) =>
		(order_id: string, column: string, value: string, ...more: string[]): Lie => {
			const where = `order_id = '${order_id}'${kind && ` and kind = '${kind}'`}`;
			const rows = kind === "refund" ? "refunds" : table.split(".")[1];
			return { table, column, value, where, found: [`${rows}.${column}`, ...more] };
		};
	const order = column("millrace_order.orders", "");
	const reservation = column("millrace_inventory.reservations", "");
	const charge = column("millrace_payment.charges", "charge");
	const refund = column("millrace_payment.charges", "refund");
	return [
		order(confirmed, "status", "'pending'"),
		order(declined, "reason", "'deadline'"),
		order(confirmed, "tenant_id", "'another'"),
		order(confirmed, "customer_id", "'another'"),
		order(confirmed, "currency", "'CHF'"),
		order(confirmed, "total_amount", "total_amount + 1"),
		order(confirmed, "lines", "'[]'"),
		order(confirmed, "payment_token", "'another'"),
		order(confirmed, "created_at", "created_at + interval '1 millisecond'"),
		reservation(confirmed, "status", "'released'"),
		reservation(early, "status", "'held'"),
		reservation(out_of_stock, "lines", "'[]'"),
		charge(confirmed, "state", "'declined'"),
		charge(confirmed, "charge_id", "gen_random_uuid()"),
		charge(confirmed, "gateway_reference", "'another'"),
		charge(declined, "decline_code", "'another'"),
		charge(confirmed, "amount", "amount + 1"),
		charge(confirmed, "order_amount", "order_amount + 1"),
		charge(confirmed, "currency", "'CHF'"),
		charge(confirmed, "payment_token", "null"),
		charge(late, "cancelled", "false"),
		charge(refunded, "refunded", "refunded - 1"),
		refund(late, "state", "'manual'", "charges.refunded"),
		refund(late, "amount", "amount - 1"),
		refund(late, "gateway_reference", "'another'"),
		refund(late, "charge_reference", "'another'"),
		{
			table: "millrace_inventory.stock",
			column: "available",
			value: "available - 1",
			where: "sku = 'sku-0'",
			found: ["stock.held"],
		},
		// A row that goes by another name is missing under its own.
		order(early, "order_id", "'another'", "orders.row"),
		reservation(early, "order_id", "'another'", "reservations.row"),
		charge(early, "order_id", "'another'", "charges.row"),
	].map((lie) => (lie.column === "order_id" ? { ...lie, found: lie.found.slice(1) } : lie));
}

/** The row is written again as it was, so that each lie is told alone. */
async function isFound(cluster: Cluster, { table, column, value, where, found }: Lie) {
	const { order: sql } = cluster.sql;
	await sql.unsafe(`create table kept as select * from ${table} where ${where}`);
	await sql.unsafe(`update ${table} set ${column} = ${value} where ${where}`);
	const { differences, first } = await replayOf(cluster, AT_REST_MS);
	await sql.unsafe(`delete from ${table} where ${where} or ${NAMED_ANOTHER[table] ?? "false"}`);
	await sql.unsafe(`insert into ${table} select * from kept`);
	await sql.unsafe("drop table kept");
	expect({ where, found: Object.keys(differences).sort() }).toEqual({
		where,
		found: [...found].sort(),
	});
	if (!found.includes("stock.held")) expect(first?.log_index).toBeNumber();
}

const NAMED_ANOTHER: Readonly<Record<string, string>> = {
	"millrace_order.orders": "order_id = 'another'",
	"millrace_inventory.reservations": "order_id = 'another'",
	"millrace_payment.charges": "order_id = 'another'",
};
