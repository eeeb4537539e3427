import { DEFAULT_TENANT } from "../../contracts/identity.ts";
import { toMinorUnits } from "../../contracts/money.ts";
import {
	type CancelReason,
	carryFacts,
	type OrderCreatedV1,
	type OrderFacts,
	type OrderLine,
} from "../../contracts/order-events.ts";

export const orderStatuses = ["pending", "confirmed", "cancelled"] as const;
export type OrderStatus = (typeof orderStatuses)[number];

/** An order as it is taken in. Amounts in minor units, `created_at` in RFC 3339. */
export interface NewOrder {
	readonly order_id: string;
	readonly tenant_id: string;
	readonly customer_id: string;
	readonly currency: string;
	readonly total_amount: number;
	readonly lines: readonly OrderLine[];
	readonly payment_token: string | undefined;
	readonly idempotency_key: string | undefined;
	/** Of the checked body, set together with `idempotency_key`. */
	readonly body_hash: string | undefined;
	readonly created_at: string;
}

/** How an order ends. */
export type Ending =
	| { readonly status: "confirmed"; readonly facts: OrderFacts }
	| { readonly status: "cancelled"; readonly facts: OrderFacts; readonly reason: CancelReason };

/** @returns undefined when the sum is beyond what can be counted exactly. */
export function totalAmount(lines: readonly OrderLine[]): number | undefined {
	let total = 0;
	for (const { quantity, unit_price } of lines) total += quantity * unit_price;
	return Number.isSafeInteger(total) ? total : undefined;
}

/** What happened elsewhere that ends an order. */
export type Report =
	| { readonly subject: "payments.completed.v1"; readonly data: OrderFacts }
	| { readonly subject: "payments.failed.v1"; readonly data: OrderFacts }
	| { readonly subject: "inventory.rejected.v1"; readonly data: OrderFacts };

/** An order is confirmed when its card is charged, which happens only once its stock is held. */
export function endingOf(report: Report, occurred_at: string): Ending {
	const facts = carryFacts(report.data, occurred_at);
	switch (report.subject) {
		case "payments.completed.v1":
			return { status: "confirmed", facts };
		case "payments.failed.v1":
			return { status: "cancelled", facts, reason: "payment_failed" };
		case "inventory.rejected.v1":
			return { status: "cancelled", facts, reason: "out_of_stock" };
	}
}

/** An order of a v1 producer as one of ours. It has no lines, so nothing will be held for it. */
export function adopted(order: OrderCreatedV1, currency: string): NewOrder {
	return {
		order_id: order.order_id,
		tenant_id: DEFAULT_TENANT,
		customer_id: order.customer_id,
		currency,
		total_amount: toMinorUnits(order.total_amount, currency),
		lines: [],
		payment_token: undefined,
		idempotency_key: undefined,
		body_hash: undefined,
		created_at: new Date(order.created_at).toISOString(),
	};
}
