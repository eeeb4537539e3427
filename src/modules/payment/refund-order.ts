import { done, type Handle, type IncomingEvent } from "../../messaging/outcome.ts";
import { chargeId } from "./payment.ts";
import type { RefundStore } from "./refund-store.ts";
import type { Charge } from "./store.ts";

/**
 * Takes care that cancelled orders cost nothing: forbids a charge that was not begun, and marks one that
 * was, so that the resolver gives back what it took or will turn out to have taken.
 */
export function refundOrders(refunds: RefundStore): Handle<"orders.cancelled.v1"> {
	return async (events) => {
		const byOrder = new Map(events.map((event) => [event.data.order_id, toCharge(event)]));
		// Two statements: the second sees a charge that was claimed while the first waited for it.
		const charged = await refunds.forbid([...byOrder.values()]);
		if (charged.length > 0) await refunds.cancel(charged);
		return events.map(() => done);
	};
}

function toCharge({ data }: IncomingEvent<"orders.cancelled.v1">): Charge {
	const { order_id, tenant_id, customer_id, total_amount, currency } = data;
	return {
		order_id,
		charge_id: chargeId("charge", order_id),
		tenant_id,
		customer_id,
		amount: total_amount,
		currency,
		payment_token: undefined,
		traceparent: undefined,
	};
}
