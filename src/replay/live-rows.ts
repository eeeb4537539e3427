import type { StockLine } from "../contracts/inventory-events.ts";
import type { OrderLine } from "../contracts/order-events.ts";
import { orderLines, stockLines, type Table, type Value } from "./rebuild-order.ts";

/** Rows as the modules have them. Times are in epoch ms. */
export interface OrderRow {
	readonly order_id: string;
	readonly tenant_id: string;
	readonly customer_id: string;
	readonly status: string;
	readonly reason: string | null;
	readonly currency: string;
	readonly total_amount: number;
	readonly lines: readonly OrderLine[];
	readonly payment_token: string | null;
	readonly created_ms: number;
	readonly updated_ms: number;
}

export interface ReservationRow {
	readonly order_id: string;
	readonly status: string;
	readonly lines: readonly StockLine[];
	readonly updated_ms: number;
}

export interface ChargeRow {
	readonly order_id: string;
	readonly kind: "charge" | "refund";
	readonly charge_id: string;
	readonly tenant_id: string;
	readonly customer_id: string;
	readonly state: string;
	readonly amount: number;
	readonly refunded: number;
	readonly order_amount: number;
	readonly currency: string;
	readonly payment_token: string | null;
	readonly charge_reference: string | null;
	readonly gateway_reference: string | null;
	readonly decline_code: string | null;
	readonly cancelled: boolean;
	readonly updated_ms: number;
}

export interface StockRow {
	readonly sku: string;
	readonly received: number;
	readonly available: number;
	readonly updated_ms: number;
}

/** All rows about one order. */
export interface LiveOrder {
	readonly order: OrderRow | undefined;
	readonly reservation: ReservationRow | undefined;
	/** Its charge and its refunds. */
	readonly charges: readonly ChargeRow[];
}

/** A row in the terms of the log: what no event tells is left out, or joined to what one does. */
export interface LiveRow {
	readonly table: Table;
	readonly refund_id?: string;
	readonly values: Readonly<Record<string, Value>>;
}

export function liveRows({ order, reservation, charges }: LiveOrder): LiveRow[] {
	const rows: LiveRow[] = [];
	if (order) {
		const { lines, created_ms, updated_ms: _, ...values } = order;
		const created_at = new Date(created_ms).toISOString();
		rows.push({ table: "orders", values: { ...values, lines: orderLines(lines), created_at } });
	}
	if (reservation) {
		const { status, lines } = reservation;
		rows.push({ table: "reservations", values: { status, lines: stockLines(lines) } });
	}
	for (const row of charges)
		rows.push(row.kind === "charge" ? toCharge(row, charges) : toRefund(row));
	return rows;
}

/** Refunds that somebody still has to end are part of `refunded`, and no event tells of them yet. */
function toCharge(row: ChargeRow, charges: readonly ChargeRow[]): LiveRow {
	const open = charges.filter(({ kind, state }) => kind === "refund" && isUnsettled(state));
	const refunded = open.reduce((sum, { amount }) => sum - amount, row.refunded);
	const { updated_ms: _, kind: __, ...values } = row;
	const state = isUnsettled(row.state) || row.state === "void" ? "unsettled" : row.state;
	// An order that was cancelled before anything was charged has a void charge, which says the same.
	const cancelled = row.cancelled || row.state === "void";
	return { table: "charges", values: { ...values, state, refunded, cancelled } };
}

/** A refund that a person found not to be possible is told by no event. */
function toRefund(row: ChargeRow): LiveRow {
	const { updated_ms: _, kind: __, ...values } = row;
	const state = row.state === "succeeded" ? "succeeded" : "unsettled";
	return { table: "refunds", refund_id: row.charge_id, values: { ...values, state } };
}

const UNSETTLED = new Set(["pending", "in_flight", "unknown", "manual"]);

function isUnsettled(state: string): boolean {
	return UNSETTLED.has(state);
}
