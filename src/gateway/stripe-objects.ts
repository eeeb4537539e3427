import type Stripe from "stripe";
import { toCode } from "./classify.ts";
import type { Decided } from "./gateway.ts";
import { GatewayError } from "./gateway-error.ts";

/** What Stripe's object says of the money, while it may still change. */
type Undecided = { readonly state: "unknown"; readonly error: GatewayError };

/** A charge. Ours are confirmed as they are made: one that asks for more will never get it. */
export function readIntent(intent: Stripe.PaymentIntent): Decided | Undecided {
	const { id, status, last_payment_error: error, cancellation_reason } = intent;
	switch (status) {
		case "succeeded":
			return { state: "succeeded", reference: id };
		case "requires_payment_method":
			return declined(error?.decline_code || error?.code || status);
		case "canceled":
			return declined(error?.decline_code || error?.code || cancellation_reason || status);
		default:
			return undecided("charge", id, status);
	}
}

export function readRefund({ id, status, failure_reason }: Stripe.Refund): Decided | Undecided {
	switch (status) {
		case "succeeded":
			return { state: "succeeded", reference: id };
		case "failed":
		case "canceled":
			return declined(failure_reason || status);
		default:
			return undecided("refund", id, status);
	}
}

function declined(code: string): Decided {
	return { state: "declined", code: toCode(code) };
}

/** Also what an answer comes to that is not such an object at all. */
function undecided(kind: string, id: unknown, status: unknown): Undecided {
	const known = id !== undefined && status !== undefined;
	const message = known
		? `Gateway's ${kind} ${id} is ${status}`
		: `The gateway's answer is no ${kind}: check the address of its API`;
	return {
		state: "unknown",
		error: new GatewayError(known ? "undecided" : "server_error", message),
	};
}
