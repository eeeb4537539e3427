import { done, type Handle } from "../../messaging/outcome.ts";
import type { RefundStore } from "./refund-store.ts";
import { toCharge } from "./to-charge.ts";

/**
 * Takes care that cancelled orders cost nothing: forbids a charge that was not begun, and marks one that
 * was, so that the resolver gives back what it took or will turn out to have taken.
 */
export function refundOrders(refunds: RefundStore): Handle<"orders.cancelled.v1"> {
	return async (events) => {
		const byOrder = new Map(events.map((event) => [event.data.order_id, toCharge(event.data)]));
		// Two statements: the second sees a charge that was claimed while the first waited for it.
		const charged = await refunds.forbid([...byOrder.values()]);
		if (charged.length > 0) await refunds.cancel(charged);
		return events.map(() => done);
	};
}
