import type { PendingQuery, Row } from "postgres";
import type { ModuleName } from "../contracts/streams.ts";
import type { Database } from "../database/connection.ts";
import { findCustomerKeys } from "../database/customer-keys.ts";
import { readModules } from "../database/read-modules.ts";
import type { PersonalKeys } from "../transparency/unseal.ts";
import type { ChargeRow, LiveOrder, OrderRow, ReservationRow, StockRow } from "./live-rows.ts";

/** Each module may have a database of its own. */
export type Databases = Readonly<Record<ModuleName, Database>>;

export type LiveStore = Awaited<ReturnType<typeof openLiveStore>>;

/** Reads the tables of the modules; it writes nothing. */
export async function openLiveStore(databases: Databases) {
	const read = await readModules(databases);
	const { order, inventory, payment, audit } = databases;

	const { sql } = order;
	const updated_ms = sql`(extract(epoch from updated_at) * 1000)::float8 as updated_ms`;
	const orderRows = sql`
		select order_id, tenant_id, customer_id, status, reason, currency, total_amount, lines,
			payment_token, (extract(epoch from created_at) * 1000)::float8 as created_ms, ${updated_ms}
		from millrace_order.orders`;
	const reservationRows = sql`
		select order_id, status, lines, ${updated_ms} from millrace_inventory.reservations`;
	const chargeRows = sql`
		select order_id, kind, charge_id, tenant_id, customer_id, state, amount, refunded, order_amount,
			currency, payment_token, charge_reference, gateway_reference, decline_code, cancelled,
			${updated_ms}
		from millrace_payment.charges`;
	const behind = (after: string, rows_max: number) =>
		sql`where order_id > ${after} order by order_id limit ${rows_max}`;
	const listed = (ids: readonly string[]) =>
		sql`where order_id in (select jsonb_array_elements_text(${JSON.stringify(ids)}::text::jsonb))`;

	/** Orders first: how one ended follows from what the others had written before. */
	async function rows(where: PendingQuery<Row[]>): Promise<Map<string, LiveOrder>> {
		const orders = await read("order", sql<OrderRow[]>`${orderRows} ${where}`);
		const [reservations, charges] = await Promise.all([
			read("inventory", inventory.sql<ReservationRow[]>`${reservationRows} ${where}`),
			read("payment", payment.sql<ChargeRow[]>`${chargeRows} ${where}`),
		]);
		const order = new Map(orders.map((it) => [it.order_id, it]));
		const reservation = new Map(reservations.map((it) => [it.order_id, it]));
		const byOrder = Map.groupBy(charges, ({ order_id }) => order_id);
		const ids = new Set([...order.keys(), ...reservation.keys(), ...byOrder.keys()]);
		return new Map(
			[...ids].map((id) => [
				id,
				{ order: order.get(id), reservation: reservation.get(id), charges: byOrder.get(id) ?? [] },
			]),
		);
	}

	return {
		/** The ids of the first orders behind `after`, whichever module has a row of them. */
		async ids(after: string, rows_max: number): Promise<string[]> {
			const page = behind(after, rows_max);
			const [orders, reservations, charges] = await Promise.all([
				read("order", sql<IdRow[]>`select order_id from millrace_order.orders ${page}`),
				read(
					"inventory",
					inventory.sql<IdRow[]>`select order_id from millrace_inventory.reservations ${page}`,
				),
				read(
					"payment",
					payment.sql<IdRow[]>`select order_id from millrace_payment.charges ${page}`,
				),
			]);
			const ids = [...orders, ...reservations, ...charges].map(({ order_id }) => order_id);
			return [...new Set(ids)].sort().slice(0, rows_max);
		},

		range: (after: string, until: string) =>
			rows(sql`where order_id > ${after} and order_id <= ${until}`),

		find: (ids: readonly string[]) => rows(listed(ids)),

		/** The keys of customers, as far as they are still there. */
		keys: (key_ids: readonly string[]): Promise<PersonalKeys> =>
			findCustomerKeys(audit.sql, (query) => read("audit", query), key_ids),

		stock: (after: string, rows_max: number) =>
			read(
				"inventory",
				inventory.sql<StockRow[]>`
				select sku, received, available, ${updated_ms} from millrace_inventory.stock
				where sku > ${after} order by sku limit ${rows_max}`,
			),

		/** The clock of the database, and how many orders there are. */
		async begin(): Promise<{ now_ms: number; orders: number }> {
			const query = sql<{ now_ms: number; orders: number }[]>`
				select (extract(epoch from now()) * 1000)::float8 as now_ms, count(*) as orders
				from millrace_order.orders`;
			const [row] = await read("order", query);
			return row ?? { now_ms: Date.now(), orders: 0 };
		},

		/** When the oldest events were written that are not published yet, by module. */
		async unpublishedSince(): Promise<readonly number[]> {
			const oldest = sql`(extract(epoch from min(created_at)) * 1000)::float8 as since_ms`;
			const rows = await Promise.all([
				read("order", sql<SinceRow[]>`select ${oldest} from millrace_order.outbox`),
				read(
					"inventory",
					inventory.sql<SinceRow[]>`select ${oldest} from millrace_inventory.outbox`,
				),
				read("payment", payment.sql<SinceRow[]>`select ${oldest} from millrace_payment.outbox`),
			]);
			return rows.flat().flatMap(({ since_ms }) => since_ms ?? []);
		},
	};
}

interface IdRow {
	readonly order_id: string;
}

interface SinceRow {
	readonly since_ms: number | null;
}
