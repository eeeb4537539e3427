import { createEvent } from "../../src/contracts/events.ts";
import { park } from "../../src/messaging/dead-letter.ts";
import { orderFacts } from "./events.ts";

/** A letter about the reservation of an order, whatever has become of it since. */
export async function parkReserved(
	js: Parameters<typeof park>[0],
	order_id: string,
	lines: readonly { readonly sku: string; readonly quantity: number }[] = [],
): Promise<void> {
	const facts = { ...orderFacts(order_id), lines: [...lines] };
	const event = createEvent("inventory.reserved.v1", order_id, facts, undefined);
	await park(js, {
		module: "payment",
		reason: "attempts exhausted",
		error: "Error: by hand",
		type: "Error",
		place: "by hand",
		fingerprint: "0123456789ab",
		message_id: event.message_id,
		order_id,
		subject: event.subject,
		stream: "INVENTORY",
		sequence: 1,
		consumer: "payment-charge",
		attempts: 5,
		first_failed_ms: Date.now(),
		last_failed_ms: Date.now(),
		traceparent: undefined,
		headers: `Nats-Msg-Id: ${event.message_id}\r\n`,
		data: new TextEncoder().encode(event.data),
	});
}
