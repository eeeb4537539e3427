import type { Database } from "../../database/connection.ts";
import {
	appendToOutbox,
	keptPositions,
	type OutboxRow,
	type Proposed,
	type Written,
	written,
} from "../../messaging/outbox.ts";
import type { ChargeState, Kind } from "./payment.ts";

/** One charge or refund that is to be made. Amount in minor units. */
export interface Charge {
	readonly kind: Kind;
	readonly order_id: string;
	readonly charge_id: string;
	readonly tenant_id: string;
	readonly customer_id: string;
	readonly amount: number;
	readonly currency: string;
	readonly payment_token: string | undefined;
}

export interface StoredCharge {
	readonly order_id: string;
	readonly charge_id: string;
	readonly state: ChargeState;
	readonly amount: number;
	readonly gateway_reference: string | null;
}

/** What is to be recorded of a claimed charge; `fence` is what the claim gave. */
export interface Result {
	readonly order_id: string;
	readonly kind: Kind;
	readonly fence: number;
	readonly state: "succeeded" | "declined";
	readonly gateway_reference: string | undefined;
	readonly decline_code: string | undefined;
}

export type PaymentStore = ReturnType<typeof createPaymentStore>;

const SCHEMA = "millrace_payment";

export function createPaymentStore(database: Database, lease_ms: number) {
	const { sql } = database;

	return {
		/**
		 * Claims charges for `claim_ms` on the database's clock: new ones, and those that were begun and
		 * whose claim has run out.
		 * @returns the fence of each claim, by order id; an order that is missing is not ours to charge
		 */
		async claim(
			charges: readonly Charge[],
			claim_ms: number,
		): Promise<ReadonlyMap<string, number>> {
			const [row] = await database.run(sql<
				[{ first: string[] | null; again: [string, number][] | null; all: boolean }]
			>`
				with claimed as (
					insert into millrace_payment.charges as c (
						order_id, kind, charge_id, tenant_id, customer_id, state, amount, currency,
						payment_token, fence, attempts, lease_until, first_attempt_at)
					select order_id, kind, charge_id, tenant_id, customer_id, 'in_flight', amount, currency,
						payment_token, 1, 1, now() + ${claim_ms} * interval '1 millisecond', now()
					from jsonb_to_recordset(${JSON.stringify(charges)}::text::jsonb) as x(
						order_id text, kind text, charge_id uuid, tenant_id text, customer_id text,
						amount bigint, currency text, payment_token text)
					on conflict (order_id, kind) do update set
						state = 'in_flight', fence = c.fence + 1, attempts = c.attempts + 1,
						lease_until = excluded.lease_until, updated_at = now()
					where c.state in ('pending', 'in_flight', 'unknown') and c.lease_until < now()
					returning order_id, fence)
				select count(*) filter (where fence = 1) = ${charges.length} as all,
					case when count(*) < ${charges.length} or max(fence) > 1
						then json_agg(order_id) filter (where fence = 1) end as first,
					json_agg(json_build_array(order_id, fence)) filter (where fence > 1) as again
				from claimed`);
			const first = row.all ? charges.map(({ order_id }) => order_id) : (row.first ?? []);
			const fences = new Map(first.map((order_id) => [order_id, 1]));
			for (const [order_id, fence] of row.again ?? []) fences.set(order_id, fence);
			return fences;
		},

		find(kind: Kind, order_ids: readonly string[]): Promise<readonly StoredCharge[]> {
			return database.run(sql<StoredCharge[]>`
				select order_id, charge_id, state, amount, gateway_reference from millrace_payment.charges
				where kind = ${kind} and order_id in (
					select jsonb_array_elements_text(${JSON.stringify(order_ids)}::text::jsonb))`);
		},

		/** Records results with their events; a result whose fence is behind changes nothing. */
		async record(
			results: readonly Result[],
			proposed: Proposed,
		): Promise<{ written: Written | undefined; isRecorded: (position: number) => boolean }> {
			const input = JSON.stringify(results.map((result, position) => ({ position, ...result })));
			const rows = await database.run(sql<OutboxRow[]>`
				with kept as (
					update millrace_payment.charges c
					set state = x.state, gateway_reference = x.gateway_reference,
						decline_code = x.decline_code, lease_until = null, updated_at = now()
					from jsonb_to_recordset(${input}::text::jsonb) as x(
						position int, order_id text, kind text, fence int, state text,
						gateway_reference text, decline_code text)
					where c.order_id = x.order_id and c.kind = x.kind and c.fence = x.fence
						and c.state = 'in_flight'
					returning x.position),
				${appendToOutbox(sql, SCHEMA, proposed, lease_ms)}
				select id, positions from outbox`);
			return { written: written(rows, proposed), isRecorded: keptPositions(rows) };
		},

		/** Notes that the outcome is not known, and gives the claim up. */
		async recordUnknown(
			claims: readonly Pick<Result, "order_id" | "kind" | "fence">[],
		): Promise<void> {
			await database.run(sql`
				update millrace_payment.charges c
				set state = 'unknown', lease_until = now(), updated_at = now()
				from jsonb_to_recordset(${JSON.stringify(claims)}::text::jsonb)
					as x(order_id text, kind text, fence int)
				where c.order_id = x.order_id and c.kind = x.kind and c.fence = x.fence
					and c.state = 'in_flight'`);
		},

		/**
		 * Sees to it that these orders are never charged.
		 * @throws WriteConflictError when one of them has a charge by now.
		 */
		async forbid(charges: readonly Charge[]): Promise<void> {
			await database.run(sql`
				insert into millrace_payment.charges (
					order_id, kind, charge_id, tenant_id, customer_id, state, amount, currency, fence, attempts)
				select order_id, kind, charge_id, tenant_id, customer_id, 'void', amount, currency, 0, 0
				from jsonb_to_recordset(${JSON.stringify(charges)}::text::jsonb) as x(
					order_id text, kind text, charge_id uuid, tenant_id text, customer_id text,
					amount bigint, currency text)`);
		},
	};
}
