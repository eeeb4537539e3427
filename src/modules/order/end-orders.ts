import { createEvent } from "../../contracts/events.ts";
import type { Proposed } from "../../messaging/outbox.ts";
import type { Relay } from "../../messaging/relay.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Ending } from "./order.ts";
import type { OrderStore } from "./store.ts";

export interface EndOrdersNeeds {
	readonly store: OrderStore;
	readonly relay: Relay;
	readonly metrics: Metrics;
}

/** An ending with the trace it belongs to. */
export interface TracedEnding {
	readonly ending: Ending;
	readonly traceparent: string | undefined;
}

/** Ends orders that are still pending and says so in events; the first ending of an order counts. */
export async function endOrders(
	needs: EndOrdersNeeds,
	traced: readonly TracedEnding[],
): Promise<void> {
	const first = new Map<string, TracedEnding>();
	for (const it of traced) {
		const { order_id } = it.ending.facts;
		if (!first.has(order_id)) first.set(order_id, it);
	}
	const endings = [...first.values()];
	const proposed: Proposed = endings.map((it) => [endingEvent(it)]);
	const { written, durations_s } = await needs.store.end(
		endings.map(({ ending }) => ending),
		proposed,
	);
	needs.relay.accept(written);
	for (const [index, event] of (written?.events ?? []).entries()) {
		const status = event.subject === "orders.confirmed.v1" ? "confirmed" : "cancelled";
		needs.metrics.order_duration.observe({ status }, durations_s[index] ?? 0);
	}
}

function endingEvent({ ending, traceparent }: TracedEnding) {
	const { facts } = ending;
	return ending.status === "confirmed"
		? createEvent("orders.confirmed.v1", facts.order_id, facts, traceparent)
		: createEvent(
				"orders.cancelled.v1",
				facts.order_id,
				{ ...facts, reason: ending.reason },
				traceparent,
			);
}
