import { createEvent, type OutgoingEvent } from "../../contracts/events.ts";
import { carryFacts } from "../../contracts/order-events.ts";
import { retryConflicts } from "../../database/retry-conflicts.ts";
import { done, type Handle, type IncomingEvent } from "../../messaging/outcome.ts";
import type { Relay } from "../../messaging/relay.ts";
import type { InventoryStore, Reservation } from "./store.ts";

type Cancelled = IncomingEvent<"orders.cancelled.v1">;

/** Gives back what cancelled orders hold, once. A cancellation may come before the reservation it undoes. */
export function releaseStock(needs: {
	store: InventoryStore;
	relay: Relay;
}): Handle<"orders.cancelled.v1"> {
	const { store, relay } = needs;

	async function readAndWrite(events: ReadonlyMap<string, Cancelled>) {
		const found = await store.find([...events.keys()]);
		const known = new Set(found.map(({ order_id }) => order_id));
		const held = found.filter(({ status }) => status === "held");
		const unknown = [...events.keys()].filter((order_id) => !known.has(order_id));
		if (held.length + unknown.length === 0) return;
		const now = new Date().toISOString();
		const proposed = held.map((it) => [announce(it, events.get(it.order_id) as Cancelled, now)]);
		relay.accept(await store.release(held, unknown, proposed));
	}

	return async (events) => {
		const byOrder = new Map(events.map((event) => [event.data.order_id, event]));
		await retryConflicts(() => readAndWrite(byOrder));
		return events.map(() => done);
	};
}

function announce(held: Reservation, { data, traceparent }: Cancelled, now: string): OutgoingEvent {
	const released = { ...carryFacts(data, now), lines: [...held.lines] };
	return createEvent("inventory.released.v1", held.order_id, released, traceparent);
}
