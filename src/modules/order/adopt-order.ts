import { done, type Handle, type Outcome } from "../../messaging/outcome.ts";
import type { Relay } from "../../messaging/relay.ts";
import { createdEvents } from "./created-events.ts";
import { adopted, type NewOrder } from "./order.ts";
import type { OrderStore } from "./store.ts";

export interface AdoptNeeds {
	readonly store: OrderStore;
	readonly relay: Relay;
	/** The currency that v1 amounts are in. */
	readonly legacy_currency: string;
}

const taken: Outcome = {
	kind: "dead-letter",
	reason: "order id taken",
	error: new Error("an order of this id exists and says something else"),
};

/**
 * Takes in orders that v1 producers publish straight to NATS. An id that is known already is a
 * repetition, unless it says something else: then somebody has to look.
 */
export function adoptOrders(needs: AdoptNeeds): Handle<"orders.created.v1"> {
	const { store, relay, legacy_currency } = needs;
	return async (events) => {
		const orders = events.map(({ data }) => adopted(data, legacy_currency));
		const firsts = [
			...new Map(orders.toReversed().map((order) => [order.order_id, order])).values(),
		];
		const traces = new Map(events.map(({ data, traceparent }) => [data.order_id, traceparent]));
		const proposed = firsts.map((order) => createdEvents(order, false, traces.get(order.order_id)));
		const { written } = await store.insert(firsts, proposed);
		relay.accept(written);
		const known = new Map((await store.findTaken(orders)).map((order) => [order.order_id, order]));
		return orders.map((order) => (says(known.get(order.order_id), order) ? done : taken));
	};
}

/** Whether a stored order is the one that an event speaks of. */
export function says(
	stored:
		| { readonly customer_id: string; readonly total_amount: number; readonly currency: string }
		| undefined,
	order: NewOrder,
): boolean {
	if (stored?.customer_id !== order.customer_id) return false;
	return stored.currency !== order.currency || stored.total_amount === order.total_amount;
}
