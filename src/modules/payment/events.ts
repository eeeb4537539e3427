import { createEvent, type OutgoingEvent } from "../../contracts/events.ts";
import { carryFacts } from "../../contracts/order-events.ts";
import type { Decided } from "../../gateway/gateway.ts";
import { chargeId } from "./payment.ts";
import type { Claim } from "./store.ts";

/** What a claim needs to know of itself to say how it ended. */
export type Subject = Omit<Claim, "fence" | "attempts" | "key_age_ms">;

/**
 * What is said when the gateway has decided; nothing where only an operator should hear of it.
 * @param occurred_at of an event that is said again: when it was said first, or the log takes it for new
 */
export function announce(
	it: Subject,
	result: Decided,
	occurred_at = new Date().toISOString(),
): readonly OutgoingEvent[] {
	const { order_id, charge_id, amount, order_amount } = it;
	const facts = carryFacts({ ...it, total_amount: order_amount, occurred_at }, occurred_at);
	const traceparent = it.traceparent ?? undefined;
	if (it.kind === "charge") {
		return result.state === "succeeded"
			? [
					createEvent(
						"payments.completed.v1",
						order_id,
						{ ...facts, charge_id, gateway_reference: result.reference },
						traceparent,
					),
				]
			: [
					createEvent(
						"payments.failed.v1",
						order_id,
						{ ...facts, charge_id, decline_code: result.code },
						traceparent,
					),
				];
	}
	if (result.state === "declined") return [];
	const refunded = {
		...facts,
		charge_id: chargeId("charge", order_id),
		refund_id: charge_id,
		amount,
		gateway_reference: result.reference,
	};
	return [createEvent("payments.refunded.v1", charge_id, refunded, traceparent)];
}
