import type { Database } from "../../database/connection.ts";
import type { Gateway } from "../../gateway/gateway.ts";
import type { Broker } from "../../messaging/connection.ts";
import type { Relay } from "../../messaging/relay.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { type ChargeOptions, chargeOrders } from "./charge-order.ts";
import { createChargeStore } from "./charge-store.ts";
import { foreseeCharge, foreseeRefund } from "./foresee-charge.ts";
import { type OperatorOptions, operatorRoutes } from "./http.ts";
import { type WebhookNeeds, webhookRoute } from "./http-webhook.ts";
import { createMover, type MoveOptions } from "./move-money.ts";
import { refundOrders } from "./refund-order.ts";
import { createRefundStore } from "./refund-store.ts";
import { createRequestRefund } from "./request-refund.ts";
import { createResolver, type ResolveOptions } from "./resolve-charges.ts";
import { createDecide, createHear } from "./settle-charge.ts";
import { createPaymentStore } from "./store.ts";

export interface PaymentNeeds {
	readonly database: Database;
	readonly broker: Broker;
	readonly relay: Relay;
	readonly metrics: Metrics;
	readonly log: Log;
	readonly gateway: Gateway;
	/** Undefined when the gateway tells nothing by itself. */
	readonly readWebhook: WebhookNeeds["readWebhook"] | undefined;
	readonly settings: ChargeOptions & MoveOptions & ResolveOptions;
	readonly http: OperatorOptions;
}

/** Batches of charges whose calls are under way at the same time; a slow one does not hold up the rest. */
const BATCHES_RUNNING_MAX = 4;

/** Charges orders whose stock is held, once, and refunds orders that are cancelled. */
export function paymentModule(needs: PaymentNeeds) {
	const { database, relay, settings, gateway, readWebhook } = needs;
	const store = createPaymentStore(database, relay.lease_ms);
	const refunds = createRefundStore(database);
	const charges = createChargeStore(database, relay.lease_ms);
	const mover = createMover(settings, { ...needs, store });
	const resolver = createResolver(settings, { ...needs, store, refunds, charges, mover });
	const settle = { ...needs, charges };
	return {
		name: "payment",
		consumers: [
			{
				durable: "payment-charge",
				stream: "INVENTORY",
				subjects: ["inventory.reserved.v1"],
				batches_running_max: BATCHES_RUNNING_MAX,
				foresee: foreseeCharge(charges),
				handle: chargeOrders(settings, { ...needs, store, charges, gateway, mover }),
			},
			{
				durable: "payment-refund",
				stream: "ORDERS",
				subjects: ["orders.cancelled.v1"],
				handle: refundOrders(refunds),
				foresee: foreseeRefund(charges),
			},
		],
		routes: readWebhook ? [webhookRoute({ readWebhook, hear: createHear(settle) })] : [],
		ops_routes: operatorRoutes(needs.http, {
			charges,
			requestRefund: createRequestRefund({ charges, refunds }),
			decide: createDecide(settle),
		}),
		background: [mover, resolver],
	} as const;
}
