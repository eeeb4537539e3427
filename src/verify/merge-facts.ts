import type { BookEntry } from "../gateway/gateway.ts";
import type { Cursor } from "./cursor.ts";
import { type EventTally, NO_EVENTS } from "./event-tally.ts";
import type { ChargeRow, OrderFacts, OrderRow, ReservationRow } from "./facts.ts";

export interface Cursors {
	readonly orders: Cursor<OrderRow>;
	readonly reservations: Cursor<ReservationRow>;
	readonly charges: Cursor<ChargeRow>;
	readonly moved: Cursor<readonly BookEntry[]>;
	readonly events: Cursor<EventTally>;
}

/** Brings together what the stores know of each order, in the order of their ids. */
export async function mergeFacts(
	{ orders, reservations, charges, moved, events }: Cursors,
	take: (facts: OrderFacts) => void,
): Promise<void> {
	const all = [orders, reservations, charges, moved, events] as const;
	for (;;) {
		for (const cursor of all) if (cursor.empty) await cursor.fill();
		const order_id = leastKey(all);
		if (order_id === undefined) return;
		const ofOrder: ChargeRow[] = [];
		while (charges.key === order_id) {
			ofOrder.push(charges.take());
			if (charges.empty) await charges.fill();
		}
		take({
			order_id,
			order: takeIf(orders, order_id),
			reservation: takeIf(reservations, order_id),
			charges: ofOrder,
			moved: takeIf(moved, order_id) ?? [],
			events: takeIf(events, order_id) ?? NO_EVENTS,
		});
	}
}

function leastKey(cursors: readonly Pick<Cursor<unknown>, "key">[]): string | undefined {
	let least: string | undefined;
	for (const { key } of cursors) {
		if (key !== undefined && (least === undefined || key < least)) least = key;
	}
	return least;
}

function takeIf<T>(cursor: Cursor<T>, key: string): T | undefined {
	return cursor.key === key ? cursor.take() : undefined;
}
