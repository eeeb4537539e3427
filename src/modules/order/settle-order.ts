import { done, type Handle } from "../../messaging/outcome.ts";
import { type EndOrdersNeeds, endOrders } from "./end-orders.ts";
import { endingOf } from "./order.ts";

/** Ends orders by what payment and inventory report. */
export function settleOrders(
	needs: EndOrdersNeeds,
): Handle<"payments.completed.v1" | "payments.failed.v1" | "inventory.rejected.v1"> {
	return async (events) => {
		const now = new Date().toISOString();
		await endOrders(
			needs,
			events.map((event) => ({ ending: endingOf(event, now), traceparent: event.traceparent })),
		);
		return events.map(() => done);
	};
}
