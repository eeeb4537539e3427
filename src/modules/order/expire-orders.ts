import { carryFacts } from "../../contracts/order-events.ts";
import { every, type Part } from "../../lifecycle.ts";
import type { Log } from "../../telemetry/log.ts";
import { type EndOrdersNeeds, endOrders } from "./end-orders.ts";

export interface DeadlineOptions {
	/** Age at which a pending order is cancelled. */
	readonly deadline_ms: number;
	readonly deadline_interval_ms: number;
	readonly deadline_batch_max: number;
}

/** Cancels orders that did not end in time, so that every order ends whatever became of the other modules. */
export function createDeadline(
	options: DeadlineOptions,
	needs: EndOrdersNeeds & { log: Log },
): Part {
	const { store, log } = needs;

	async function expire() {
		const overdue = await store.findOverdue(options.deadline_ms, options.deadline_batch_max);
		if (overdue.length === 0) return;
		const now = new Date().toISOString();
		log.warn({ orders: overdue.length }, "orders did not end in time and are cancelled");
		await endOrders(
			needs,
			overdue.map((order) => {
				const facts = carryFacts({ ...order, occurred_at: now }, now);
				return {
					ending: { status: "cancelled", reason: "deadline", facts },
					traceparent: undefined,
				} as const;
			}),
		);
	}

	return every("order deadline", options.deadline_interval_ms, expire, (error) =>
		log.warn({ err: error }, "overdue orders could not be looked for"),
	);
}
