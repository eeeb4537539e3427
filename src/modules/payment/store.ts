import type { PendingQuery, Row } from "postgres";
import type { Database, Sql } from "../../database/connection.ts";
import {
	appendToOutbox,
	keptPositions,
	type OutboxRow,
	type Proposed,
	type Written,
	written,
} from "../../messaging/outbox.ts";
import type { Kind } from "./payment.ts";

/** The charge of an order that is to be made. Amount in minor units. */
export interface Charge {
	readonly order_id: string;
	readonly charge_id: string;
	readonly tenant_id: string;
	readonly customer_id: string;
	readonly amount: number;
	readonly currency: string;
	readonly payment_token?: string | undefined;
	readonly traceparent?: string | undefined;
}

/** Names one row. */
export interface ChargeKey {
	readonly order_id: string;
	readonly kind: Kind;
	/** Empty but for refunds that an operator asked for. */
	readonly request_id: string;
}

/** A charge or refund that is ours to carry out until the claim runs out. */
export interface Claim extends ChargeKey {
	readonly charge_id: string;
	readonly tenant_id: string;
	readonly customer_id: string;
	readonly amount: number;
	readonly order_amount: number;
	readonly currency: string;
	readonly payment_token: string | null;
	readonly charge_reference: string | null;
	readonly traceparent: string | null;
	/** Whoever claims after us has a higher one. */
	readonly fence: number;
	/** Claims so far, this one included. */
	readonly attempts: number;
	/** Since the first call that may have reached the gateway; null when none has. */
	readonly key_age_ms: number | null;
}

/** How a claim ended. */
export interface Result extends ChargeKey {
	readonly fence: number;
	readonly state: "succeeded" | "declined" | "manual";
	readonly gateway_reference: string | undefined;
	readonly decline_code: string | undefined;
	readonly last_error: string | undefined;
}

/** A claim that is given back without an end. */
export interface Deferral extends ChargeKey {
	readonly fence: number;
	readonly state: "pending" | "unknown";
	readonly after_ms: number;
	readonly last_error: string;
	/** Whether the call may have reached the gateway; if not, it was no attempt. */
	readonly attempted: boolean;
	/** Nothing ever reached the gateway under this key: its age has not begun. */
	readonly untried: boolean;
}

export type PaymentStore = ReturnType<typeof createPaymentStore>;

const SCHEMA = "millrace_payment";

/**
 * Writes the charges of orders that have none.
 * @param standing their `state, fence, attempts, lease_until, first_attempt_at, attention_at`
 */
export function insertCharges(sql: Sql, charges: readonly Charge[], standing: PendingQuery<Row[]>) {
	return sql`
		insert into millrace_payment.charges (
			order_id, kind, charge_id, tenant_id, customer_id, amount, order_amount, currency, payment_token,
			traceparent, state, fence, attempts, lease_until, first_attempt_at, attention_at)
		select order_id, 'charge', charge_id, tenant_id, customer_id, amount, amount, currency, payment_token,
			traceparent, ${standing}
		from jsonb_to_recordset(${JSON.stringify(charges)}::text::jsonb) as x(
			order_id text, charge_id uuid, tenant_id text, customer_id text, amount bigint, currency text,
			payment_token text, traceparent text)
		on conflict (order_id, kind, request_id) do nothing`;
}

export function createPaymentStore(database: Database, lease_ms: number) {
	const { sql } = database;

	return {
		/**
		 * Claims the charges of orders that have none, for `claim_ms` on the database's clock.
		 * @returns the orders that are ours to charge
		 */
		async claim(charges: readonly Charge[], claim_ms: number): Promise<ReadonlySet<string>> {
			const begun = sql`'in_flight', 1, 1, now() + ${claim_ms} * interval '1 millisecond', now(), null`;
			const [row] = await database.run(sql<[{ all: boolean; some: string[] | null }]>`
				with claimed as (${insertCharges(sql, charges, begun)} returning order_id)
				select count(*) = ${charges.length} as all,
					case when count(*) < ${charges.length} then json_agg(order_id) end as some
				from claimed`);
			return new Set(row.all ? charges.map(({ order_id }) => order_id) : row.some);
		},

		/** Leaves the charges of orders that have none to the resolver. */
		async enqueue(charges: readonly Charge[]): Promise<void> {
			const waiting = sql`'pending', 0, 0, null, null, now()`;
			await database.run(insertCharges(sql, charges, waiting));
		},

		/** Gives charges that are still open to the resolver, which takes them up when their claim has run out. */
		async handOver(order_ids: readonly string[]): Promise<void> {
			await database.run(sql`
				update millrace_payment.charges
				set attention_at = coalesce(lease_until, now())
				where kind = 'charge' and request_id = '' and attention_at is null
					and state in ('pending', 'in_flight', 'unknown')
					and order_id in (
						select jsonb_array_elements_text(${JSON.stringify(order_ids)}::text::jsonb))`);
		},

		/** Claims charges and refunds that wait for the resolver, those that have waited longest first. */
		claimOpen(rows_max: number, claim_ms: number): Promise<readonly Claim[]> {
			return database.run(sql<Claim[]>`
				with due as materialized (
					select order_id, kind, request_id, first_attempt_at from millrace_payment.charges
					where attention_at <= now() and state in ('pending', 'in_flight', 'unknown')
					order by attention_at limit ${rows_max} for update skip locked)
				update millrace_payment.charges c
				set state = 'in_flight', fence = c.fence + 1, attempts = c.attempts + 1,
					lease_until = now() + ${claim_ms} * interval '1 millisecond',
					attention_at = now() + ${claim_ms} * interval '1 millisecond',
					first_attempt_at = coalesce(c.first_attempt_at, now()), updated_at = now()
				from due
				where c.order_id = due.order_id and c.kind = due.kind and c.request_id = due.request_id
				returning c.order_id, c.kind, c.request_id, c.charge_id, c.tenant_id, c.customer_id,
					c.amount, c.order_amount, c.currency, c.payment_token, c.charge_reference,
					c.traceparent, c.fence, c.attempts,
					extract(epoch from now() - due.first_attempt_at)::float8 * 1000 as key_age_ms`);
		},

		/**
		 * Records ends with their events; one whose fence is behind changes nothing. A charge that
		 * succeeded although its order was cancelled waits for the resolver to be refunded; what waits for
		 * a person waits for ever.
		 */
		async record(
			results: readonly Result[],
			proposed: Proposed,
		): Promise<{ written: Written | undefined; isRecorded: (position: number) => boolean }> {
			const input = JSON.stringify(results.map((result, position) => ({ position, ...result })));
			const rows = await database.run(sql<OutboxRow[]>`
				with kept as (
					update millrace_payment.charges c
					set state = x.state, gateway_reference = x.gateway_reference,
						decline_code = x.decline_code, last_error = x.last_error, lease_until = null,
						attention_at = case when x.state = 'manual' then 'infinity'::timestamptz
							when c.cancelled and x.state = 'succeeded' then now() end,
						updated_at = now()
					from jsonb_to_recordset(${input}::text::jsonb) as x(
						position int, order_id text, kind text, request_id text, fence int, state text,
						gateway_reference text, decline_code text, last_error text)
					where c.order_id = x.order_id and c.kind = x.kind and c.request_id = x.request_id
						and c.fence = x.fence and c.state = 'in_flight'
					returning x.position),
				${appendToOutbox(sql, SCHEMA, proposed, lease_ms)}
				select id, positions from outbox`);
			return { written: written(rows, proposed), isRecorded: keptPositions(rows) };
		},

		/** Gives claims back, each for the resolver to take up after its own delay. */
		async defer(deferrals: readonly Deferral[]): Promise<void> {
			await database.run(sql`
				update millrace_payment.charges c
				set state = x.state, last_error = x.last_error, lease_until = null,
					attempts = c.attempts - case when x.attempted then 0 else 1 end,
					attention_at = now() + x.after_ms * interval '1 millisecond',
					first_attempt_at = case when not x.untried then c.first_attempt_at end,
					updated_at = now()
				from jsonb_to_recordset(${JSON.stringify(deferrals)}::text::jsonb) as x(
					order_id text, kind text, request_id text, fence int, state text, after_ms float8,
					last_error text, attempted boolean, untried boolean)
				where c.order_id = x.order_id and c.kind = x.kind and c.request_id = x.request_id
					and c.fence = x.fence and c.state = 'in_flight'`);
		},
	};
}
