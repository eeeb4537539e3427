import type { Database } from "../../database/connection.ts";
import type { Relay } from "../../messaging/relay.ts";
import { chargeOrders } from "./charge-order.ts";
import { createInProcessGateway } from "./in-process-gateway.ts";
import { refundOrders } from "./refund-order.ts";
import { createPaymentStore } from "./store.ts";

/** Charges orders whose stock is held, once, and refunds orders that are cancelled. */
export function paymentModule(needs: {
	readonly database: Database;
	readonly relay: Relay;
	readonly claim_ms: number;
	readonly ledger_folder: string;
}) {
	const { database, relay, claim_ms } = needs;
	const store = createPaymentStore(database, relay.lease_ms);
	const gateway = createInProcessGateway(needs.ledger_folder);
	const money = { store, gateway, relay, claim_ms };
	return {
		name: "payment",
		consumers: [
			{
				durable: "payment-charge",
				stream: "INVENTORY",
				subjects: ["inventory.reserved.v1"],
				handle: chargeOrders(money),
			},
			{
				durable: "payment-refund",
				stream: "ORDERS",
				subjects: ["orders.cancelled.v1"],
				handle: refundOrders(money),
			},
		],
		routes: [],
		background: [],
	} as const;
}
