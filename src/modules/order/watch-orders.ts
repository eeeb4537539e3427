import { every, type Part } from "../../lifecycle.ts";
import type { Log } from "../../telemetry/log.ts";
import type { OrderStore, StoredOrder } from "./store.ts";

/** Follows orders until they end. All watchers of a process share one query. */
export interface Watch extends Part {
	/** Calls `tell` for the order as it stands and at each change, until the function it returns is called. */
	follow(order_id: string, tell: (order: StoredOrder) => void): () => void;
}

export function createWatch(poll_ms: number, needs: { store: OrderStore; log: Log }): Watch {
	const { store, log } = needs;
	const watchers = new Map<string, Set<(order: StoredOrder) => void>>();

	async function look() {
		if (watchers.size === 0) return;
		for (const order of await store.statuses([...watchers.keys()])) {
			for (const tell of watchers.get(order.order_id) ?? []) tell(order);
		}
	}

	const looking = every("order watch", poll_ms, look, (error) =>
		log.warn({ err: error }, "watched orders could not be looked up"),
	);
	return {
		...looking,
		follow(order_id, tell) {
			let last = "";
			const onChange = (order: StoredOrder) => {
				if (order.status === last) return;
				last = order.status;
				tell(order);
			};
			const ofOrder = watchers.get(order_id) ?? new Set();
			watchers.set(order_id, ofOrder.add(onChange));
			return () => {
				ofOrder.delete(onChange);
				if (ofOrder.size === 0 && watchers.get(order_id) === ofOrder) watchers.delete(order_id);
			};
		},
	};
}
