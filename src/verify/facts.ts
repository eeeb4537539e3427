import type { BookEntry } from "../gateway/gateway.ts";
import type { EventTally } from "./event-tally.ts";

/** Times are in epoch ms on the clock of the database they come from. Amounts are in minor units. */
export interface OrderRow {
	readonly order_id: string;
	readonly status: "pending" | "confirmed" | "cancelled";
	readonly amount: number;
	readonly currency: string;
	readonly created_ms: number;
	readonly updated_ms: number;
}

export interface ReservationRow {
	readonly order_id: string;
	readonly status: "held" | "rejected" | "released";
	/** Whether anything is, or was, held. */
	readonly has_lines: boolean;
	readonly updated_ms: number;
}

export interface ChargeRow {
	readonly order_id: string;
	readonly kind: "charge" | "refund";
	readonly request_id: string;
	readonly charge_id: string;
	readonly state:
		| "pending"
		| "in_flight"
		| "succeeded"
		| "declined"
		| "unknown"
		| "manual"
		| "void";
	readonly amount: number;
	/** Of a charge: what refunds gave back or are about to. */
	readonly refunded: number;
	readonly currency: string;
	readonly created_ms: number;
	readonly updated_ms: number;
}

/** All that is written down about one order, anywhere. */
export interface OrderFacts {
	readonly order_id: string;
	readonly order: OrderRow | undefined;
	readonly reservation: ReservationRow | undefined;
	/** The charge and the refunds, as the payment module has them. */
	readonly charges: readonly ChargeRow[];
	/** What moved, as the gateway has it: each reference once. */
	readonly moved: readonly BookEntry[];
	/** What the audit log has. */
	readonly events: EventTally;
}

/** What is too old, and what can be asked. */
export interface Limits {
	readonly now_ms: number;
	/** What was written to later may be a step in progress. */
	readonly settled_ms: number;
	/** Age beyond which an order is not pending any more. */
	readonly pending_ms_max: number;
	/** Age beyond which it is known whether money moved. */
	readonly unknown_ms_max: number;
	/** False when the gateway was not asked. */
	readonly with_gateway: boolean;
}

/** A SKU that does not add up. */
export interface StockRow {
	readonly sku: string;
	readonly received: number;
	readonly available: number;
	/** By reservations, those of confirmed orders included. */
	readonly held: number;
}

/** Money that is on its way, or nobody knows where. */
const OPEN: ReadonlySet<ChargeRow["state"]> = new Set(["pending", "in_flight", "unknown"]);

export function isOpen({ state }: ChargeRow): boolean {
	return OPEN.has(state);
}

/** When anything about the order was last written; undefined when no table knows of it. */
export function lastWritten({ order, reservation, charges }: OrderFacts): number | undefined {
	let last_ms = Math.max(order?.updated_ms ?? 0, reservation?.updated_ms ?? 0);
	for (const { updated_ms } of charges) last_ms = Math.max(last_ms, updated_ms);
	return last_ms === 0 ? undefined : last_ms;
}
