import type { CancelReason, OrderFacts, OrderLine } from "../../contracts/order-events.ts";
import type { Database } from "../../database/connection.ts";
import {
	appendToOutbox,
	keptPositions,
	type OutboxRow,
	type Proposed,
	type Written,
	written,
} from "../../messaging/outbox.ts";
import type { Ending, NewOrder, OrderStatus } from "./order.ts";

/** An order as it stands. */
export interface StoredOrder extends Omit<OrderFacts, "occurred_at"> {
	readonly status: OrderStatus;
	readonly reason: CancelReason | null;
	readonly lines: readonly OrderLine[];
	readonly body_hash: string | null;
	readonly created_at: Date;
	readonly updated_at: Date;
}

/** An order of which nothing has been heard for a while. */
export type StuckOrder = Pick<
	NewOrder,
	"order_id" | "tenant_id" | "customer_id" | "currency" | "total_amount" | "lines"
> & { readonly payment_token: string | null; readonly created_at: Date };

export interface Page {
	readonly tenant_id: string;
	readonly customer_id: string | undefined;
	readonly status: OrderStatus | undefined;
	/** Only orders after this one, in descending order of id. */
	readonly after: string | undefined;
	readonly limit: number;
}

/** Which of the given orders are new, by position, and what was written to the outbox for them. */
export interface Inserted {
	readonly written: Written | undefined;
	isNew(position: number): boolean;
}

export type OrderStore = ReturnType<typeof createOrderStore>;

const SCHEMA = "millrace_order";

export function createOrderStore(database: Database, lease_ms: number) {
	const { sql } = database;
	const columns = sql`order_id, tenant_id, customer_id, currency, total_amount, status, reason,
		lines, body_hash, created_at, updated_at`;

	return {
		/** Writes new orders and their events. Orders whose id or idempotency key is taken are left out. */
		async insert(orders: readonly NewOrder[], proposed: Proposed): Promise<Inserted> {
			// The lines go in as text: Postgres keeps them as they are and need not take them apart.
			const input = JSON.stringify(
				orders.map((order, position) => ({
					position,
					...order,
					lines: JSON.stringify(order.lines),
				})),
			);
			const rows = await database.run(sql<OutboxRow[]>`
				with input as (
					select * from jsonb_to_recordset(${input}::text::jsonb) as x(
						position int, order_id text, tenant_id text, customer_id text, currency text,
						total_amount bigint, lines text, payment_token text, idempotency_key text,
						body_hash text, created_at timestamptz)),
				inserted as (
					insert into millrace_order.orders (
						order_id, tenant_id, customer_id, status, currency, total_amount, lines,
						payment_token, idempotency_key, body_hash, created_at, updated_at)
					select order_id, tenant_id, customer_id, 'pending', currency, total_amount, lines::json,
						payment_token, idempotency_key, body_hash, created_at, now()
					from input
					on conflict do nothing
					returning order_id),
				inserted_count as (select count(*) from inserted),
				kept as (
					select position from input where (table inserted_count) = ${orders.length}
					union all
					select position from input join inserted using (order_id)
					where (table inserted_count) < ${orders.length}),
				${appendToOutbox(sql, SCHEMA, proposed, lease_ms)}
				select id, positions from outbox`);
			return { written: written(rows, proposed), isNew: keptPositions(rows) };
		},

		/** Ends pending orders, one ending an order; those that have ended before stay as they are. */
		async end(endings: readonly Ending[], proposed: Proposed) {
			const input = JSON.stringify(
				endings.map((ending, position) => ({
					position,
					order_id: ending.facts.order_id,
					status: ending.status,
					reason: ending.status === "cancelled" ? ending.reason : null,
				})),
			);
			const rows = await database.run(sql<(OutboxRow & { durations_s: number[] })[]>`
				with input as (
					select * from jsonb_to_recordset(${input}::text::jsonb)
						as x(position int, order_id text, status text, reason text)),
				kept as (
					update millrace_order.orders o
					set status = i.status, reason = i.reason, updated_at = clock_timestamp()
					from input i
					where o.order_id = i.order_id and o.status = 'pending'
					returning i.position, extract(epoch from o.updated_at - o.created_at) as duration_s),
				${appendToOutbox(sql, SCHEMA, proposed, lease_ms)}
				select id, positions, (select json_agg(duration_s order by position) from kept) as durations_s
				from outbox`);
			return { written: written(rows, proposed), durations_s: rows[0]?.durations_s ?? [] };
		},

		async find(tenant_id: string, order_id: string): Promise<StoredOrder | undefined> {
			const [order] = await database.run(sql<StoredOrder[]>`
				select ${columns} from millrace_order.orders
				where order_id = ${order_id} and tenant_id = ${tenant_id}`);
			return order;
		},

		/** Orders by id, and by idempotency key for the keys that are given. */
		findTaken(
			orders: readonly NewOrder[],
		): Promise<readonly (StoredOrder & { idempotency_key: string | null })[]> {
			const input = JSON.stringify(
				orders.map(({ order_id, tenant_id, idempotency_key }) => ({
					order_id,
					tenant_id,
					idempotency_key,
				})),
			);
			return database.run(sql`
				with input as (
					select * from jsonb_to_recordset(${input}::text::jsonb)
						as x(order_id text, tenant_id text, idempotency_key text))
				select ${columns}, idempotency_key from millrace_order.orders
				where order_id in (select order_id from input)
				union all
				select ${columns}, idempotency_key from millrace_order.orders
				where idempotency_key is not null
					and (tenant_id, idempotency_key) in (select tenant_id, idempotency_key from input)`);
		},

		list(page: Page): Promise<readonly StoredOrder[]> {
			return database.run(sql<StoredOrder[]>`
				select ${columns} from millrace_order.orders
				where tenant_id = ${page.tenant_id}
					${page.customer_id === undefined ? sql`` : sql`and customer_id = ${page.customer_id}`}
					${page.status === undefined ? sql`` : sql`and status = ${page.status}`}
					${page.after === undefined ? sql`` : sql`and order_id < ${page.after}`}
				order by order_id desc limit ${page.limit}`);
		},

		/** The status of each of the given orders that exists. */
		statuses(order_ids: readonly string[]): Promise<readonly StoredOrder[]> {
			return database.run(sql<StoredOrder[]>`
				select ${columns} from millrace_order.orders
				where order_id in (
					select jsonb_array_elements_text(${JSON.stringify(order_ids)}::text::jsonb))`);
		},

		/** Orders that have been pending for `age_ms`, as they were taken in, the oldest first. */
		findStuck(age_ms: number, limit: number): Promise<readonly StuckOrder[]> {
			return database.run(sql<StuckOrder[]>`
				select order_id, tenant_id, customer_id, currency, total_amount, lines, payment_token,
					created_at
				from millrace_order.orders
				where status = 'pending' and created_at < now() - ${age_ms} * interval '1 millisecond'
					and updated_at < now() - ${age_ms} * interval '1 millisecond'
				order by created_at limit ${limit}`);
		},

		/** Orders that have been pending here for `age_ms`, the oldest first. */
		findOverdue(age_ms: number, limit: number): Promise<readonly StoredOrder[]> {
			return database.run(sql<StoredOrder[]>`
				select ${columns} from millrace_order.orders
				where status = 'pending' and created_at < now() - ${age_ms} * interval '1 millisecond'
					and updated_at < now() - ${age_ms} * interval '1 millisecond'
				order by created_at limit ${limit}`);
		},
	};
}
