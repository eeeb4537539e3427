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
	signature: string | null,
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
			const key = intent.metadata.charge_id;
			return decided(event, "charge", key, { ...intent, amount }, readIntent(intent));
		}
		case "refund.created":
		case "refund.updated":
		case "refund.failed": {
			const refund = event.data.object;
			const key = refund.metadata?.refund_id;
			return decided(event, "refund", key, refund, readRefund(refund));
		}
		default:
			return undefined;
	}
}

function decided(
	{ id: event_id, type }: Stripe.Event,
	kind: BookEntry["kind"],
	key: string | undefined,
	money: { readonly id: string; readonly amount: number; readonly currency: string },
	result: Decided | { readonly state: "unknown" },
): Webhook | undefined {
	if (key === undefined || result.state === "unknown") return undefined;
	const currency = money.currency.toUpperCase();
	const amount = fromStripeAmount(money.amount, currency);
	return { event_id, type, kind, key, reference: money.id, amount, currency, result };
}
