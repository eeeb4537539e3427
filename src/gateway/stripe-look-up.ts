import type Stripe from "stripe";
import type { GatewayRequest, LookUpResult } from "./gateway.ts";
import { GatewayError } from "./gateway-error.ts";
import { readIntent, readRefund } from "./stripe-objects.ts";

const PAGE = 100;

/** Finds a charge by our key in its metadata. Stripe's search may lag some minutes behind. */
export async function lookUpCharge(stripe: Stripe, request: GatewayRequest): Promise<LookUpResult> {
	const { key } = request;
	const query = `metadata['charge_id']:'${key.replace(/['\\]/g, "\\$&")}'`;
	const found: Stripe.PaymentIntent[] = [];
	for await (const intent of stripe.paymentIntents.search({ query, limit: PAGE })) {
		if (intent.metadata.charge_id === key) found.push(intent);
	}
	return oneOf(key, found.map(readIntent));
}

/** Finds a refund by our key among those of its charge. */
export async function lookUpRefund(stripe: Stripe, request: GatewayRequest): Promise<LookUpResult> {
	const { key, charge_reference } = request;
	if (charge_reference === undefined) return { state: "not_found" };
	const found: Stripe.Refund[] = [];
	const refunds = stripe.refunds.list({ payment_intent: charge_reference, limit: PAGE });
	for await (const refund of refunds) if (refund.metadata?.refund_id === key) found.push(refund);
	return oneOf(key, found.map(readRefund));
}

/** Money that moved outweighs what may still move, and that outweighs what was declined. */
function oneOf(key: string, found: readonly LookUpResult[]): LookUpResult {
	const moved = found.filter(({ state }) => state === "succeeded");
	if (moved.length > 1) {
		const message = `The gateway has ${moved.length} movements of money for ${key}: look at them by hand`;
		return { state: "unknown", error: new GatewayError("ambiguous", message) };
	}
	const open = found.find(({ state }) => state === "unknown");
	return moved[0] ?? open ?? found[0] ?? { state: "not_found" };
}
