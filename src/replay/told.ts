import type { StockLine } from "../contracts/inventory-events.ts";
import type { OrderLine } from "../contracts/order-events.ts";

/** What every event about an order says of it. */
export interface Facts {
	readonly tenant_id: string;
	readonly customer_id: string;
	readonly currency: string;
	readonly total_amount: number;
}

/** What one event told; `log_index` is its place in the log. */
interface Step {
	readonly log_index: number;
}

export interface Created extends Step, Facts {
	readonly lines: readonly OrderLine[];
	readonly payment_token: string | null;
	readonly created_at: string;
}

export interface Ended extends Step, Facts {
	readonly outcome: "confirmed" | "cancelled";
	readonly reason: string | null;
}

/** Whether stock sufficed. */
export interface Decided extends Step {
	readonly outcome: "held" | "rejected";
	/** None of a rejected one: they are those of the order. */
	readonly lines: readonly StockLine[];
	readonly payment_token: string | null;
}

export interface Released extends Step {
	readonly outcome: "released";
	readonly lines: readonly StockLine[];
}

/** How the charge ended. */
export interface Settled extends Step, Facts {
	readonly outcome: "succeeded" | "declined";
	readonly charge_id: string;
	readonly gateway_reference: string | null;
	readonly decline_code: string | null;
}

export interface Refunded extends Step, Facts {
	readonly refund_id: string;
	readonly amount: number;
	readonly gateway_reference: string;
}

/** Each kind of step an order takes once. */
export interface Steps {
	readonly created: Created;
	readonly ended: Ended;
	readonly decided: Decided;
	readonly released: Released;
	readonly settled: Settled;
}

export const stepNames = ["created", "ended", "decided", "released", "settled"] as const;
export type StepName = (typeof stepNames)[number];

/** All that the log tells about one order, in whatever order it was told. */
export interface Told extends Partial<Steps> {
	readonly order_id: string;
	readonly refunds: readonly Refunded[];
}
