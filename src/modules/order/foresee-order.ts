import { type Foresee, type Foresight, when } from "../../messaging/foresight.ts";
import { says } from "./adopt-order.ts";
import { adopted, endingOf } from "./order.ts";
import type { OrderStore, StoredOrder } from "./store.ts";

/** What taking in an order of a v1 producer would come to. */
export function foreseeAdoption(
	store: OrderStore,
	legacy_currency: string,
): Foresee<"orders.created.v1"> {
	return async (events) => {
		const known = await statuses(
			store,
			events.map(({ data }) => data.order_id),
		);
		return events.map(({ data }): Foresight => {
			const stored = known.get(data.order_id);
			if (stored === undefined) return { effect: "acts", says: "the order is taken in" };
			if (says(stored, adopted(data, legacy_currency)))
				return {
					effect: "nothing",
					says: `taken in at ${when(stored.created_at)}: nothing changes`,
				};
			return { effect: "fails", says: "another order has this id: parked again" };
		});
	};
}

/** What a report about an order would come to. */
export function foreseeEnding(
	store: OrderStore,
): Foresee<"payments.completed.v1" | "payments.failed.v1" | "inventory.rejected.v1"> {
	return async (events) => {
		const known = await statuses(
			store,
			events.map(({ data }) => data.order_id),
		);
		return events.map((event): Foresight => {
			const stored = known.get(event.data.order_id);
			if (stored === undefined)
				return { effect: "nothing", says: "there is no such order: nothing changes" };
			if (stored.status !== "pending")
				return {
					effect: "nothing",
					says: `${stored.status} at ${when(stored.updated_at)}: nothing changes`,
				};
			const ending = endingOf(event, "");
			const reason = ending.status === "cancelled" ? ` (${ending.reason})` : "";
			return { effect: "acts", says: `the order is ${ending.status}${reason}` };
		});
	};
}

async function statuses(store: OrderStore, order_ids: readonly string[]) {
	const found = await store.statuses([...new Set(order_ids)]);
	return new Map<string, StoredOrder>(found.map((order) => [order.order_id, order]));
}
