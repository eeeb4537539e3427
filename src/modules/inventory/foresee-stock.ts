import { type Foresee, type Foresight, when } from "../../messaging/foresight.ts";
import { addUp, reserve } from "./inventory.ts";
import type { InventoryStore, StoredReservation } from "./store.ts";

/** What holding stock for an order would come to. */
export function foreseeReservation(store: InventoryStore): Foresee<"orders.created.v2"> {
	return async (events) => {
		const known = await reservations(
			store,
			events.map(({ data }) => data.order_id),
		);
		const demands = new Map(
			events
				.filter(({ data }) => !known.has(data.order_id))
				.map(({ data }) => [data.order_id, { order_id: data.order_id, lines: addUp(data.lines) }]),
		);
		const skus = [...demands.values()].flatMap(({ lines }) => lines.map(({ sku }) => sku));
		const levels = await store.levels([...new Set(skus)]);
		const available = new Map(levels.map((it) => [it.sku, it.available]));
		const decisions = new Map(
			reserve(available, [...demands.values()]).map((it) => [it.demand.order_id, it]),
		);
		return events.map(({ data: { order_id } }): Foresight => {
			const stored = known.get(order_id);
			if (stored !== undefined)
				return {
					effect: "nothing",
					says: `${stored.status} at ${when(stored.updated_at)}: stock stays as it is`,
				};
			const decision = decisions.get(order_id);
			return decision?.status === "rejected"
				? { effect: "acts", says: `the order is rejected: not enough ${decision.sku}` }
				: { effect: "acts", says: "stock is held for the order" };
		});
	};
}

/** What giving back the stock of a cancelled order would come to. */
export function foreseeRelease(store: InventoryStore): Foresee<"orders.cancelled.v1"> {
	return async (events) => {
		const known = await reservations(
			store,
			events.map(({ data }) => data.order_id),
		);
		return events.map(({ data }): Foresight => {
			const stored = known.get(data.order_id);
			if (stored === undefined)
				return { effect: "acts", says: "noted: nothing will be held for this order" };
			if (stored.status === "held")
				return { effect: "acts", says: `${pieces(stored)} pieces go back into stock` };
			return {
				effect: "nothing",
				says: `${stored.status} at ${when(stored.updated_at)}: stock stays as it is`,
			};
		});
	};
}

function pieces({ lines }: StoredReservation): number {
	return lines.reduce((sum, { quantity }) => sum + quantity, 0);
}

async function reservations(store: InventoryStore, order_ids: readonly string[]) {
	const found = await store.find([...new Set(order_ids)]);
	return new Map(found.map((it) => [it.order_id, it]));
}
