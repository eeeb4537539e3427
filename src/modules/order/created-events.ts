import { createEvent, type OutgoingEvent } from "../../contracts/events.ts";
import { minorDigits } from "../../contracts/money.ts";
import type { NewOrder } from "./order.ts";

/** What is said of a new order: v2, and v1 besides for readers that have not moved on when `publish_legacy` is set. */
export function createdEvents(
	order: NewOrder,
	publish_legacy: boolean,
	traceparent: string | undefined,
): readonly OutgoingEvent[] {
	const {
		order_id,
		tenant_id,
		customer_id,
		currency,
		total_amount,
		lines,
		payment_token,
		created_at,
	} = order;
	const created = createEvent(
		"orders.created.v2",
		order_id,
		{
			order_id,
			tenant_id,
			customer_id,
			currency,
			total_amount,
			occurred_at: created_at,
			lines: [...lines],
			payment_token,
		},
		traceparent,
	);
	if (!publish_legacy) return [created];
	const legacy = createEvent(
		"orders.created.v1",
		order_id,
		{
			order_id,
			customer_id,
			total_amount: total_amount / 10 ** minorDigits(currency),
			created_at: Date.parse(created_at),
		},
		traceparent,
	);
	return [created, legacy];
}
