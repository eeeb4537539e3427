import type { StockLine } from "../../contracts/inventory-events.ts";
import type { Database } from "../../database/connection.ts";
import {
	appendToOutbox,
	type OutboxRow,
	type Proposed,
	type Written,
	written,
} from "../../messaging/outbox.ts";

export type ReservationStatus = "held" | "rejected" | "released";

export interface Reservation {
	readonly order_id: string;
	readonly status: ReservationStatus;
	readonly lines: readonly StockLine[];
}

export interface StoredReservation extends Reservation {
	readonly updated_at: Date;
}

/** `received` is all that ever came in; what is not available is held or sold. */
export interface StockLevel {
	readonly sku: string;
	readonly received: number;
	readonly available: number;
}

export type InventoryStore = ReturnType<typeof createInventoryStore>;

const SCHEMA = "millrace_inventory";

export function createInventoryStore(database: Database, lease_ms: number) {
	const { sql } = database;
	const list = (values: readonly string[]) =>
		sql`(select jsonb_array_elements_text(${JSON.stringify(values)}::text::jsonb))`;

	return {
		async levels(skus: readonly string[]): Promise<readonly StockLevel[]> {
			if (skus.length === 0) return [];
			return database.run(sql<StockLevel[]>`
				select sku, received, available from millrace_inventory.stock where sku in ${list(skus)}`);
		},

		find(order_ids: readonly string[]): Promise<readonly StoredReservation[]> {
			return database.run(sql<StoredReservation[]>`
				select order_id, status, lines, updated_at from millrace_inventory.reservations
				where order_id in ${list(order_ids)}`);
		},

		/**
		 * Writes new reservations and takes `taken` from stock, SKUs in one order so that replicas do
		 * not lock each other out.
		 * @throws WriteConflictError when an order has a reservation already or stock does not suffice.
		 */
		async reserve(
			reservations: readonly Reservation[],
			taken: readonly StockLine[],
			proposed: Proposed,
		): Promise<Written | undefined> {
			const input = JSON.stringify(reservations.map((it, position) => ({ position, ...it })));
			const rows = await database.run(sql<OutboxRow[]>`
				with kept as (
					select * from jsonb_to_recordset(${input}::text::jsonb)
						as x(position int, order_id text, status text, lines jsonb)),
				locked as (
					select sku, quantity from millrace_inventory.stock
					join jsonb_to_recordset(${JSON.stringify(taken)}::text::jsonb)
						as t(sku text, quantity bigint) using (sku)
					order by sku for update of stock),
				changed as (
					update millrace_inventory.stock s
					set available = available - l.quantity, updated_at = now()
					from locked l where s.sku = l.sku),
				inserted as (
					insert into millrace_inventory.reservations (order_id, status, lines)
					select order_id, status, lines from kept),
				${appendToOutbox(sql, SCHEMA, proposed, lease_ms)}
				select id, positions from outbox`);
			return written(rows, proposed);
		},

		/**
		 * Gives back what held reservations hold, and notes orders that have none yet as released, so
		 * that a reservation that comes later finds that out.
		 * @throws WriteConflictError when a reservation came in between.
		 */
		async release(
			held: readonly Reservation[],
			unknown: readonly string[],
			proposed: Proposed,
		): Promise<Written | undefined> {
			const input = JSON.stringify(held.map(({ order_id }, position) => ({ position, order_id })));
			const rows = await database.run(sql<OutboxRow[]>`
				with kept as (
					update millrace_inventory.reservations r set status = 'released', updated_at = now()
					from jsonb_to_recordset(${input}::text::jsonb) as x(position int, order_id text)
					where r.order_id = x.order_id and r.status = 'held'
					returning x.position, r.lines),
				back as (
					select line.sku, sum(line.quantity) as quantity
					from kept, jsonb_to_recordset(kept.lines) as line(sku text, quantity bigint)
					group by line.sku),
				locked as (
					select sku, quantity from millrace_inventory.stock join back using (sku)
					order by sku for update of stock),
				changed as (
					update millrace_inventory.stock s
					set available = available + l.quantity, updated_at = now()
					from locked l where s.sku = l.sku),
				noted as (
					insert into millrace_inventory.reservations (order_id, status, lines)
					select order_id, 'released', '[]'
					from jsonb_array_elements_text(${JSON.stringify(unknown)}::text::jsonb) as order_id),
				${appendToOutbox(sql, SCHEMA, proposed, lease_ms)}
				select id, positions from outbox`);
			return written(rows, proposed);
		},

		/** Adds goods that came in; a receipt counts once. @returns whether it was new */
		async receive(receipt_id: string, lines: readonly StockLine[]): Promise<boolean> {
			const text = JSON.stringify(lines);
			const rows = await database.run(sql`
				with receipt as (
					insert into millrace_inventory.receipts (receipt_id, lines)
					values (${receipt_id}, ${text}::text::jsonb)
					on conflict do nothing returning lines)
				insert into millrace_inventory.stock as s (sku, received, available)
				select line.sku, line.quantity, line.quantity
				from receipt, jsonb_to_recordset(receipt.lines) as line(sku text, quantity bigint)
				order by line.sku
				on conflict (sku) do update set
					received = s.received + excluded.received,
					available = s.available + excluded.available,
					updated_at = now()
				returning s.sku`);
			return rows.length > 0;
		},
	};
}
