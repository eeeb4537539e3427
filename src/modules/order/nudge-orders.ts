import { every, type Part } from "../../lifecycle.ts";
import type { Broker } from "../../messaging/connection.ts";
import { sayAgain } from "../../messaging/say-again.ts";
import type { Log } from "../../telemetry/log.ts";
import { createdEvents } from "./created-events.ts";
import type { OrderStore, StuckOrder } from "./store.ts";

export interface NudgeOptions {
	/** How long nothing is heard of an order before it is published again. */
	readonly stuck_ms: number;
}

/** Of all orders that stand still, as many as do no harm when it is only that everything is slow. */
const ORDERS_MAX = 500;

/**
 * Publishes pending orders again of which nothing has been heard for a while: an event about them may be
 * lost in a way that nobody noticed. Whoever has done his part says again what came of it.
 */
export function createNudge(
	{ stuck_ms }: NudgeOptions,
	{ store, broker, log }: { store: OrderStore; broker: Broker; log: Log },
): Part {
	async function nudge() {
		if (!broker.connected()) return;
		const stuck = await store.findStuck(stuck_ms, ORDERS_MAX);
		if (stuck.length === 0) return;
		log.warn({ orders: stuck.length }, "orders stand still; they are published again");
		const events = stuck.flatMap((order) => createdEvents(asTakenIn(order), false, undefined));
		await sayAgain(broker, events, "stuck");
	}

	return every("orders that stand still", stuck_ms, nudge, (error) =>
		log.warn({ err: error }, "orders that stand still could not be published again"),
	);
}

function asTakenIn({ payment_token, created_at, ...order }: StuckOrder) {
	return {
		...order,
		payment_token: payment_token ?? undefined,
		idempotency_key: undefined,
		body_hash: undefined,
		created_at: created_at.toISOString(),
	};
}
