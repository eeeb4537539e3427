import { createEvent, type OutgoingEvent } from "../../src/contracts/events.ts";
import type { CancelReason, OrderLine } from "../../src/contracts/order-events.ts";
import type { Streams } from "./streams.ts";

export function orderFacts(order_id: string, total_amount = 1_250) {
	return {
		order_id,
		tenant_id: "default",
		customer_id: "customer-1",
		currency: "EUR",
		total_amount,
		occurred_at: new Date().toISOString(),
	};
}

export function orderCreated(
	order_id: string,
	lines: readonly OrderLine[],
	payment_token = "tok_visa",
): OutgoingEvent {
	const facts = { ...orderFacts(order_id), lines: [...lines], payment_token };
	return createEvent("orders.created.v2", order_id, facts, undefined);
}

export function orderConfirmed(order_id: string): OutgoingEvent {
	return createEvent("orders.confirmed.v1", order_id, orderFacts(order_id), undefined);
}

export function orderCancelled(
	order_id: string,
	reason: CancelReason = "customer_request",
): OutgoingEvent {
	const facts = { ...orderFacts(order_id), reason };
	return createEvent("orders.cancelled.v1", order_id, facts, undefined);
}

/** Publishes an event; `copies` times under other broker ids, so that the broker lets all through. */
export async function publishEvent(
	streams: Streams,
	event: OutgoingEvent,
	copies = 1,
): Promise<void> {
	for (let copy = 0; copy < copies; copy += 1) {
		const id = copy === 0 ? event.message_id : `${event.message_id}-${copy}`;
		await streams.publish(event.subject, event.data, { "Nats-Msg-Id": id });
	}
}
