import type { OrderFacts } from "../../contracts/order-events.ts";
import { chargeId } from "./payment.ts";
import type { Charge } from "./store.ts";

/** The charge of an order, as every event about it knows it. */
export function toCharge(facts: OrderFacts): Charge {
	const { order_id, tenant_id, customer_id, total_amount, currency } = facts;
	const charge_id = chargeId("charge", order_id);
	return { order_id, charge_id, tenant_id, customer_id, amount: total_amount, currency };
}
