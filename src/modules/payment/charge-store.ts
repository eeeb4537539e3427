import type { PendingQuery, Row } from "postgres";
import type { Database } from "../../database/connection.ts";
import {
	appendToOutbox,
	type OutboxRow,
	type Proposed,
	type Written,
	written,
} from "../../messaging/outbox.ts";
import type { ChargeState } from "./payment.ts";
import type { ChargeKey, Claim, Result } from "./store.ts";

/** A charge or refund as it stands. Amounts in minor units. */
export interface StoredCharge extends Omit<Claim, "fence" | "key_age_ms"> {
	readonly state: ChargeState;
	readonly refunded: number;
	readonly cancelled: boolean;
	readonly gateway_reference: string | null;
	readonly decline_code: string | null;
	readonly last_error: string | null;
	readonly created_at: Date;
	readonly updated_at: Date;
}

/** What the gateway told by itself. */
export interface GatewayEvent {
	readonly event_id: string;
	readonly type: string;
	readonly charge_id: string;
}

export type Settled = Omit<Result, "fence" | "last_error"> & {
	readonly state: "succeeded" | "declined";
};

/** The states of charges and refunds that somebody still has to end. */
export const openStates = ["pending", "in_flight", "unknown", "manual"] as const;

export type ChargeStore = ReturnType<typeof createChargeStore>;

const SCHEMA = "millrace_payment";

/** Charges as those see them who have no claim on them: operators, and the gateway when it calls us. */
export function createChargeStore({ run, sql }: Database, lease_ms: number) {
	const columns = sql`order_id, kind, request_id, charge_id, tenant_id, customer_id, amount, order_amount,
		currency, payment_token, charge_reference, traceparent, attempts, state, refunded, cancelled,
		gateway_reference, decline_code, last_error, created_at, updated_at`;

	/** Ends one charge or refund from outside its claim; whoever has the claim writes nothing any more. */
	function settle(it: Settled, proposed: Proposed, isOpen: PendingQuery<Row[]>) {
		const { order_id, kind, request_id, state } = it;
		return sql`kept as (
				update millrace_payment.charges
				set state = ${state}, fence = fence + 1, lease_until = null,
					gateway_reference = ${it.gateway_reference ?? null},
					decline_code = ${it.decline_code ?? null},
					attention_at = case when cancelled and ${state} = 'succeeded' then now() end,
					updated_at = now()
				where order_id = ${order_id} and kind = ${kind} and request_id = ${request_id} and ${isOpen}
				returning 0 as position, order_id, amount),
			${appendToOutbox(sql, SCHEMA, proposed, lease_ms)}`;
	}

	return {
		/** The charge of an order and its refunds. */
		ofOrder(order_id: string): Promise<readonly StoredCharge[]> {
			return run(sql<StoredCharge[]>`
				select ${columns} from millrace_payment.charges where order_id = ${order_id}
				order by created_at, kind, request_id`);
		},

		/** The charges of orders, without refunds. */
		ofOrders(order_ids: readonly string[]): Promise<readonly StoredCharge[]> {
			return run(sql<StoredCharge[]>`
				select ${columns} from millrace_payment.charges
				where kind = 'charge' and request_id = '' and order_id in (
					select jsonb_array_elements_text(${JSON.stringify(order_ids)}::text::jsonb))`);
		},

		/** Those that wait for a person, in the order of their ids after `after`. */
		parked(after: ChargeKey, rows_max: number): Promise<readonly StoredCharge[]> {
			return run(sql<StoredCharge[]>`
				select ${columns} from millrace_payment.charges
				where attention_at = 'infinity' and state = 'manual'
					and (order_id, kind, request_id) > (${after.order_id}, ${after.kind}, ${after.request_id})
				order by order_id, kind, request_id limit ${rows_max}`);
		},

		/**
		 * Records what a person found out. A refund that was not made gives its amount back to the charge.
		 * @returns undefined when it does not wait for a person
		 */
		async decide(it: Settled, proposed: Proposed): Promise<Written | undefined> {
			const rows = await run(sql<OutboxRow[]>`
				with ${settle(it, proposed, sql`state = 'manual'`)},
				released as (
					update millrace_payment.charges c set refunded = c.refunded - kept.amount
					from kept
					where ${it.kind === "refund" && it.state === "declined"}
						and c.order_id = kept.order_id and c.kind = 'charge' and c.request_id = '')
				select id, positions from outbox`);
			return written(rows, proposed);
		},

		/**
		 * Records what the gateway told, once an event. Whoever has the claim finds that it is over.
		 * @returns what was written; undefined when the event changed nothing
		 */
		async settleByGateway(
			event: GatewayEvent,
			it: Settled,
			proposed: Proposed,
		): Promise<Written | undefined> {
			const isOpen = sql`state in ${sql([...openStates])}
				and not exists (
					select 1 from millrace_payment.gateway_events where event_id = ${event.event_id})`;
			const rows = await run(sql<OutboxRow[]>`
				with ${settle(it, proposed, isOpen)},
				heard as (
					insert into millrace_payment.gateway_events (event_id, type, charge_id, settled)
					values (${event.event_id}, ${event.type}, ${event.charge_id}::uuid,
						exists (select 1 from kept))
					on conflict (event_id) do nothing)
				select id, positions from outbox`);
			return written(rows, proposed);
		},

		/** How many open charges and refunds there are in each state. */
		open() {
			return run(sql<{ state: ChargeState; count: number; oldest_s: number }[]>`
				select state, count(*)::int as count,
					extract(epoch from now() - min(created_at))::float8 as oldest_s
				from millrace_payment.charges where attention_at is not null and state in ${sql([...openStates])}
				group by state`);
		},
	};
}
