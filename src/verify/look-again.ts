import { addTallies } from "./event-tally.ts";
import type { OrderFacts } from "./facts.ts";
import { gatherBooks, gatherEvents, joinEntries } from "./gather.ts";
import type { Run } from "./run.ts";
import type { VerifyStore } from "./store.ts";

const IDS_AT_ONCE = 1_000;
/** By how much the clocks of the gateway and of our database may differ, and what it may take to list a charge. */
const BOOKS_OVERLAP_MS = 300_000;

/**
 * What is known now of orders that looked wrong. The stores were read one after the other, so that an order
 * which moved meanwhile looks as if they did not agree.
 */
export async function lookAgain(
	suspects: ReadonlyMap<string, OrderFacts>,
	{ store, gateway, log_files, reading, begun_ms }: Run,
): Promise<Map<string, OrderFacts>> {
	const now = new Map(suspects);
	const change = (order_id: string, changed: (facts: OrderFacts) => OrderFacts) => {
		const facts = now.get(order_id);
		if (facts !== undefined) now.set(order_id, changed(facts));
	};
	await gatherEvents(log_files, reading, undefined, ({ order_id, tally }) =>
		change(order_id, (facts) => ({ ...facts, events: addTallies(facts.events, tally) })),
	);
	if (gateway !== undefined) {
		await gatherBooks(gateway, begun_ms - BOOKS_OVERLAP_MS, (entry) =>
			change(entry.order_id ?? "", (facts) => ({
				...facts,
				moved: joinEntries(facts.moved, [entry]),
			})),
		);
	}
	// The rows last: whatever the log and the gateway knew by then follows from them.
	const ids = [...suspects.keys()];
	for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
		await readRows(store, ids.slice(from, from + IDS_AT_ONCE), change);
	}
	return now;
}

async function readRows(
	store: VerifyStore,
	ids: readonly string[],
	change: (order_id: string, changed: (facts: OrderFacts) => OrderFacts) => void,
): Promise<void> {
	const { orders, reservations, charges } = await store.ofOrders(ids);
	const byOrder = Map.groupBy(charges, ({ order_id }) => order_id);
	const order = new Map(orders.map((it) => [it.order_id, it]));
	const reservation = new Map(reservations.map((it) => [it.order_id, it]));
	for (const id of ids) {
		change(id, (facts) => ({
			...facts,
			order: order.get(id),
			reservation: reservation.get(id),
			charges: byOrder.get(id) ?? [],
		}));
	}
}
