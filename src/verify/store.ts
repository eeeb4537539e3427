import type { ModuleName } from "../contracts/streams.ts";
import type { Database } from "../database/connection.ts";
import { readModules } from "../database/read-modules.ts";
import type { ChargeRow, OrderRow, ReservationRow, StockRow } from "./facts.ts";

/** Each module may have a database of its own. */
export type Databases = Readonly<Record<ModuleName, Database>>;

/** Where a page of charges begins: behind this one. */
export type ChargeKey = Pick<ChargeRow, "order_id" | "kind" | "request_id">;

interface Since {
	readonly since_ms: number | null;
}

export interface StockCheck {
	readonly skus: number;
	/** The first of those that do not add up. */
	readonly off: readonly StockRow[];
	readonly off_count: number;
}

export type VerifyStore = Awaited<ReturnType<typeof openVerifyStore>>;

/** Reads what every module has written down, in the order of order ids; it writes nothing. */
export async function openVerifyStore(databases: Databases) {
	const read = await readModules(databases);
	const { order, inventory, payment, audit } = databases;

	const listed = (ids: readonly string[]) =>
		order.sql`order_id in (select jsonb_array_elements_text(${JSON.stringify(ids)}::text::jsonb))`;
	const since = (since_ms: number | undefined) =>
		since_ms === undefined
			? order.sql``
			: order.sql`and created_at >= to_timestamp(${since_ms}::float8 / 1000)`;

	const created_ms = order.sql`(extract(epoch from created_at) * 1000)::float8 as created_ms`;
	const updated_ms = order.sql`(extract(epoch from updated_at) * 1000)::float8 as updated_ms`;
	const oldest_ms = order.sql`(extract(epoch from min(created_at)) * 1000)::float8 as since_ms`;
	const orderColumns = order.sql`order_id, status, total_amount as amount, currency,
		${created_ms}, ${updated_ms}`;
	const reservationColumns = order.sql`order_id, status, lines <> '[]' as has_lines, ${updated_ms}`;
	const chargeColumns = order.sql`order_id, kind, request_id, charge_id, state, amount, refunded,
		currency, ${created_ms}, ${updated_ms}`;

	return {
		/** The clock by which ages are told, and how much there is to read. */
		async begin(): Promise<{ now_ms: number; orders: number }> {
			const [row] = await read(
				"order",
				order.sql<{ now_ms: number; orders: number }[]>`
				select (extract(epoch from now()) * 1000)::float8 as now_ms, count(*) as orders
				from millrace_order.orders`,
			);
			return row ?? { now_ms: Date.now(), orders: 0 };
		},

		orders(after: string, since_ms: number | undefined, rows_max: number) {
			return read(
				"order",
				order.sql<OrderRow[]>`
				select ${orderColumns} from millrace_order.orders
				where order_id > ${after} ${since(since_ms)} order by order_id limit ${rows_max}`,
			);
		},

		reservations(after: string, since_ms: number | undefined, rows_max: number) {
			return read(
				"inventory",
				inventory.sql<ReservationRow[]>`
				select ${reservationColumns} from millrace_inventory.reservations
				where order_id > ${after} ${since(since_ms)} order by order_id limit ${rows_max}`,
			);
		},

		charges(after: ChargeKey, since_ms: number | undefined, rows_max: number) {
			return read(
				"payment",
				payment.sql<ChargeRow[]>`
				select ${chargeColumns} from millrace_payment.charges
				where (order_id, kind, request_id) > (${after.order_id}, ${after.kind}, ${after.request_id})
					${since(since_ms)}
				order by order_id, kind, request_id limit ${rows_max}`,
			);
		},

		/** The rows of some orders as they are now, however old they are. */
		async ofOrders(ids: readonly string[]) {
			const orders = await read(
				"order",
				order.sql<OrderRow[]>`
				select ${orderColumns} from millrace_order.orders where ${listed(ids)}`,
			);
			// After the orders: how one ended follows from what the others had written before.
			const [reservations, charges] = await Promise.all([
				read(
					"inventory",
					inventory.sql<ReservationRow[]>`
					select ${reservationColumns} from millrace_inventory.reservations where ${listed(ids)}`,
				),
				read(
					"payment",
					payment.sql<ChargeRow[]>`
					select ${chargeColumns} from millrace_payment.charges where ${listed(ids)}
					order by order_id, kind, request_id`,
				),
			]);
			return { orders, reservations, charges };
		},

		/** Adds up every SKU in one statement, so that it holds also while orders come in. */
		async stock(rows_max: number): Promise<StockCheck> {
			const [row] = await read(
				"inventory",
				inventory.sql<StockCheck[]>`
				with level as (
					select sku, sum(received) as received, sum(available) as available, sum(held) as held
					from (
						select sku, received, available, 0 as held from millrace_inventory.stock
						union all
						select line.sku, 0, 0, line.quantity
						from millrace_inventory.reservations r,
							jsonb_to_recordset(r.lines) as line(sku text collate "C", quantity bigint)
						where r.status = 'held') as movement
					group by sku),
				off as (
					select sku, received, available, held from level
					where received - held <> available or available < 0)
				select (select count(*) from millrace_inventory.stock) as skus,
					(select count(*) from off) as off_count,
					coalesce((select json_agg(o order by sku) from (
						select * from off order by sku limit ${rows_max}) o), '[]') as off`,
			);
			return row ?? { skus: 0, off: [], off_count: 0 };
		},

		/** Of each module, when the oldest of its events was written that are not published yet, if there are any. */
		async unpublishedSince(): Promise<readonly number[]> {
			const [ofOrder, ofInventory, ofPayment] = await Promise.all([
				read("order", order.sql<Since[]>`select ${oldest_ms} from millrace_order.outbox`),
				read(
					"inventory",
					inventory.sql<Since[]>`select ${oldest_ms} from millrace_inventory.outbox`,
				),
				read("payment", payment.sql<Since[]>`select ${oldest_ms} from millrace_payment.outbox`),
			]);
			const all = [...ofOrder, ...ofInventory, ...ofPayment];
			return all.flatMap(({ since_ms }) => since_ms ?? []);
		},

		/** Entries that the audit log has by its own table. */
		async logSize(): Promise<number> {
			const [row] = await read(
				"audit",
				audit.sql<{ size: number }[]>`
				select size from millrace_audit.log`,
			);
			return row?.size ?? 0;
		},
	};
}
