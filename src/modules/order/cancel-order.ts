import { carryFacts } from "../../contracts/order-events.ts";
import { type EndOrdersNeeds, endOrders } from "./end-orders.ts";
import type { StoredOrder } from "./store.ts";

/**
 * Cancels an order at its customer's request, if it is still pending.
 * @returns the order as it stands then, undefined when there is none of that id.
 */
export async function cancelOrder(
	needs: EndOrdersNeeds,
	tenant_id: string,
	order_id: string,
	traceparent: string | undefined,
): Promise<StoredOrder | undefined> {
	const order = await needs.store.find(tenant_id, order_id);
	if (order?.status !== "pending") return order;
	const now = new Date().toISOString();
	const facts = carryFacts({ ...order, occurred_at: now }, now);
	const ending = { status: "cancelled", reason: "customer_request", facts } as const;
	await endOrders(needs, [{ ending, traceparent }]);
	return needs.store.find(tenant_id, order_id);
}
