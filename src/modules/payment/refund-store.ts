import type { Database } from "../../database/connection.ts";
import type { ChargeState } from "./payment.ts";
import { type Charge, insertCharges } from "./store.ts";

/** A refund that is to be made. Amount in minor units. */
export interface Refund {
	readonly order_id: string;
	/** Empty for the refund of a cancelled order. */
	readonly request_id: string;
	readonly charge_id: string;
}

/** The charge a refund was asked for, as it stands after it. */
export interface Refunded {
	readonly state: ChargeState;
	readonly amount: number;
	readonly refunded: number;
	readonly currency: string;
	/** False when nothing was charged, or more was asked for than is left. */
	readonly granted: boolean;
}

export type RefundStore = ReturnType<typeof createRefundStore>;

/** Refunds are written with what they take from the charge: `refunded <= amount` is a constraint of its row. */
export function createRefundStore({ run, sql }: Database) {
	return {
		/**
		 * Sees to it that orders without a charge are never charged.
		 * @returns the orders that have one
		 */
		async forbid(charges: readonly Charge[]): Promise<readonly string[]> {
			const rows = await run(sql<{ order_id: string }[]>`
				${insertCharges(sql, charges, sql`'void', 0, 0, null, null, null`)} returning order_id`);
			const forbidden = new Set(rows.map(({ order_id }) => order_id));
			return charges.map(({ order_id }) => order_id).filter((id) => !forbidden.has(id));
		},

		/** Notes on charges that their orders are cancelled: what they took, or will have taken, goes back. */
		async cancel(order_ids: readonly string[]): Promise<void> {
			await run(sql`
				update millrace_payment.charges
				set cancelled = true, updated_at = now(),
					attention_at = case when state = 'succeeded' then now() else attention_at end
				where kind = 'charge' and request_id = '' and not cancelled and state <> 'void'
					and order_id in (
						select jsonb_array_elements_text(${JSON.stringify(order_ids)}::text::jsonb))`);
		},

		/** Cancelled orders whose money has to go back. */
		async due(rows_max: number): Promise<readonly string[]> {
			const rows = await run(sql<{ order_id: string }[]>`
				select order_id from millrace_payment.charges
				where attention_at <= now() and state = 'succeeded' and cancelled
				order by attention_at limit ${rows_max}`);
			return rows.map(({ order_id }) => order_id);
		},

		/** Writes the refunds of cancelled orders, each over all that is left of its charge. */
		async plan(refunds: readonly Refund[]): Promise<void> {
			await run(sql`
				with charge as materialized (
					select c.*, x.charge_id as refund_id, c.amount - c.refunded as rest
					from jsonb_to_recordset(${JSON.stringify(refunds)}::text::jsonb)
						as x(order_id text, charge_id uuid)
					join millrace_payment.charges c
						on c.order_id = x.order_id and c.kind = 'charge' and c.request_id = ''
					where c.state = 'succeeded' and c.cancelled and c.attention_at is not null
					for update of c),
				settled as (
					update millrace_payment.charges c
					set refunded = c.amount, attention_at = null, updated_at = now()
					from charge
					where c.order_id = charge.order_id and c.kind = 'charge' and c.request_id = '')
				insert into millrace_payment.charges (
					order_id, kind, request_id, charge_id, tenant_id, customer_id, state, amount, order_amount,
					currency, charge_reference, traceparent, fence, attempts, attention_at)
				select order_id, 'refund', '', refund_id, tenant_id, customer_id, 'pending', rest,
					order_amount, currency, gateway_reference, traceparent, 0, 0, now()
				from charge where rest > 0`);
		},

		/**
		 * Writes a refund of `amount` that an operator asks for.
		 * @returns undefined when nothing is known of the order
		 * @throws WriteConflictError when there is a refund of this request by now
		 */
		async request(refund: Refund & { readonly amount: number }): Promise<Refunded | undefined> {
			const { order_id, request_id, charge_id, amount } = refund;
			const [row] = await run(sql<Refunded[]>`
				with charge as materialized (
					select * from millrace_payment.charges
					where order_id = ${order_id} and kind = 'charge' and request_id = ''
					for update),
				granted as (
					update millrace_payment.charges c
					set refunded = c.refunded + ${amount}, updated_at = now()
					from charge
					where c.order_id = charge.order_id and c.kind = 'charge' and c.request_id = ''
						and c.state = 'succeeded' and c.refunded + ${amount} <= c.amount
					returning c.refunded),
				refund as (
					insert into millrace_payment.charges (
						order_id, kind, request_id, charge_id, tenant_id, customer_id, state, amount,
						order_amount, currency, charge_reference, traceparent, fence, attempts, attention_at)
					select order_id, 'refund', ${request_id}, ${charge_id}::uuid, tenant_id, customer_id,
						'pending', ${amount}, order_amount, currency, gateway_reference, traceparent, 0, 0, now()
					from charge where exists (select 1 from granted))
				select state, amount, coalesce((select refunded from granted), refunded) as refunded, currency,
					exists (select 1 from granted) as granted
				from charge`);
			return row;
		},
	};
}
