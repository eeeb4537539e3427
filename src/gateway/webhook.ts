import Stripe from "stripe";
import type { BookEntry, Decided } from "./gateway.ts";
import { fromStripeAmount } from "./stripe-amount.ts";
import { readIntent, readRefund } from "./stripe-objects.ts";

/** What the gateway tells without being asked. Each comes at least once, in any order. */
export type Webhook =
	| {
			readonly event_id: string;
			readonly type: string;
			readonly kind: BookEntry["kind"];
			/** Our key of the charge or refund. */
			readonly key: string;
			readonly order_id: string;
			readonly reference: string;
			/** Minor units of ISO 4217. */
			readonly amount: number;
			/** ISO 4217. */
			readonly currency: string;
			readonly result: Decided;
	  }
	/** Of a type that decides nothing, or about money that is not ours. */
	| { readonly event_id: string; readonly ignored: string };

/** It is not from the gateway, is too old, or cannot be read. */
export class WebhookError extends Error {
	override readonly name = "WebhookError";
}

/**
 * Checks the signature of a webhook and reads it.
 * @param raw_body exactly as it came: the signature is over its bytes
 * @param signature the header `Stripe-Signature`
 * @throws WebhookError
 */
export async function readWebhook(
	raw_body: string,
	signature: string | undefined,
	secret: string,
): Promise<Webhook> {
	const event = await check(raw_body, signature ?? "", secret);
	return read(event) ?? { event_id: event.id, ignored: event.type };
}

async function check(raw_body: string, signature: string, secret: string): Promise<Stripe.Event> {
	try {
		return await Stripe.webhooks.constructEventAsync(raw_body, signature, secret);
	} catch (cause) {
		throw new WebhookError(`The webhook is refused: ${(cause as Error).message}`, { cause });
	}
}

function read(event: Stripe.Event): Webhook | undefined {
	switch (event.type) {
		case "payment_intent.succeeded":
		case "payment_intent.payment_failed": {
			const intent = event.data.object;
			const { amount } = intent;
			const { charge_id: key, order_id } = intent.metadata;
			const names = { key, order_id };
			return decided(event, "charge", names, { ...intent, amount }, readIntent(intent));
		}
		case "refund.created":
		case "refund.updated":
		case "refund.failed": {
			const refund = event.data.object;
			const { refund_id: key, order_id } = refund.metadata ?? {};
			return decided(event, "refund", { key, order_id }, refund, readRefund(refund));
		}
		default:
			return undefined;
	}
}

function decided(
	{ id: event_id, type }: Stripe.Event,
	kind: BookEntry["kind"],
	{ key, order_id }: { readonly key: string | undefined; readonly order_id: string | undefined },
	money: { readonly id: string; readonly amount: number; readonly currency: string },
	result: Decided | { readonly state: "unknown" },
): Webhook | undefined {
	if (key === undefined || order_id === undefined || result.state === "unknown") return undefined;
	const currency = money.currency.toUpperCase();
	const amount = fromStripeAmount(money.amount, currency);
	return { event_id, type, kind, key, order_id, reference: money.id, amount, currency, result };
}
