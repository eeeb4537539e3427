import type { StockLine } from "../contracts/inventory-events.ts";
import type { OrderLine } from "../contracts/order-events.ts";
import type { Ended, Facts, Refunded, Settled, Told } from "./told.ts";

export type Table = "orders" | "reservations" | "charges" | "refunds";
export type Value = string | number | boolean | null;

/** One field of a row, as the log tells it, and the event that told it last. */
export interface Field {
	readonly name: string;
	readonly value: Value;
	readonly log_index: number;
}

/** A row as it has to be by the log. Fields that no event tells are left out. */
export interface RebuiltRow {
	readonly table: Table;
	/** Of a refund; the other tables have one row an order. */
	readonly refund_id?: string;
	readonly fields: readonly Field[];
}

/** Rows that an order has to have, and those of which the log does not tell whether they are there. */
export interface Rebuilt {
	readonly rows: readonly RebuiltRow[];
	/** A charge that was begun is told of when it is settled. */
	readonly maybe_charge: boolean;
}

/** The rows of one order that follow from its events, decided anew. */
export function rebuildOrder(told: Told): Rebuilt {
	const rows = [rebuiltOrder(told), rebuiltReservation(told), rebuiltCharge(told)];
	return {
		rows: [
			...rows.filter((row) => row !== undefined),
			...told.refunds.map((it) => toRefund(it, told)),
		],
		maybe_charge: told.decided?.outcome === "held",
	};
}

function rebuiltOrder({ created, ended }: Told): RebuiltRow | undefined {
	if (created === undefined) return undefined;
	const { log_index, lines, payment_token, created_at } = created;
	const end = ended ?? { outcome: "pending", reason: null, log_index };
	return {
		table: "orders",
		fields: [
			...factFields(created, log_index),
			...fieldsAt(log_index, {
				total_amount: created.total_amount,
				lines: orderLines(lines),
				payment_token,
				created_at: new Date(created_at).toISOString(),
			}),
			...fieldsAt(end.log_index, { status: end.outcome, reason: end.reason }),
		],
	};
}

function rebuiltReservation({ created, ended, decided, released }: Told): RebuiltRow | undefined {
	const last = released ?? decided;
	if (last === undefined) {
		// A cancellation that comes first leaves its mark, so that nothing is held afterwards.
		if (ended?.outcome !== "cancelled") return undefined;
		const fields = fieldsAt(ended.log_index, { status: "released", lines: "" });
		return { table: "reservations", fields };
	}
	const { log_index, outcome: status } = last;
	const lines = last.outcome === "rejected" ? created && addUp(created.lines) : last.lines;
	const fields = fieldsAt(log_index, { status, ...(lines && { lines: stockLines(lines) }) });
	return { table: "reservations", fields };
}

function rebuiltCharge({ ended, decided, settled, refunds }: Told): RebuiltRow | undefined {
	const cancelled = ended?.outcome === "cancelled" ? ended : undefined;
	const from = settled ?? cancelled;
	if (from === undefined) return undefined;
	const { log_index, total_amount } = from;
	const row = {
		...(settled === undefined ? { state: "unsettled" } : settlement(settled, refunds)),
		...(settled && decided?.outcome === "held" && { payment_token: decided.payment_token }),
		amount: total_amount,
		order_amount: total_amount,
	};
	return {
		table: "charges",
		fields: [
			...factFields(from, log_index),
			...fieldsAt(log_index, row),
			...fieldsAt((cancelled ?? from).log_index, { cancelled: cancelled !== undefined }),
		],
	};
}

function settlement(settled: Settled, refunds: readonly Refunded[]) {
	const { outcome: state, charge_id, gateway_reference, decline_code } = settled;
	const refunded = refunds.reduce((sum, { amount }) => sum + amount, 0);
	return { state, charge_id, gateway_reference, decline_code, refunded };
}

function toRefund(refund: Refunded, { settled }: Told): RebuiltRow {
	const { log_index, refund_id, amount, total_amount, gateway_reference } = refund;
	const row = { state: "succeeded", amount, order_amount: total_amount, gateway_reference };
	const charge_reference = settled?.gateway_reference;
	return {
		table: "refunds",
		refund_id,
		fields: [
			...factFields(refund, log_index),
			...fieldsAt(log_index, { ...row, ...(charge_reference && { charge_reference }) }),
		],
	};
}

function factFields({ tenant_id, customer_id, currency }: Facts | Ended, log_index: number) {
	return fieldsAt(log_index, { tenant_id, customer_id, currency });
}

function fieldsAt(log_index: number, values: Readonly<Record<string, Value>>): Field[] {
	return Object.entries(values).map(([name, value]) => ({ name, value, log_index }));
}

function addUp(lines: readonly StockLine[]): StockLine[] {
	const totals = new Map<string, number>();
	for (const { sku, quantity } of lines) totals.set(sku, (totals.get(sku) ?? 0) + quantity);
	return [...totals].map(([sku, quantity]) => ({ sku, quantity }));
}

export function stockLines(lines: readonly StockLine[]): string {
	return lines.map(({ sku, quantity }) => `${quantity} ${sku}`).join(", ");
}

export function orderLines(lines: readonly OrderLine[]): string {
	return lines.map((it) => `${it.quantity} ${it.sku} at ${it.unit_price}`).join(", ");
}
