import Stripe from "stripe";
import { SANDBOX_KEY } from "./sandbox.ts";

type IntentParams = Stripe.PaymentIntentCreateParams;

/** What a charge of ours sends; `change` goes above it. */
export function chargeParams(change: Partial<IntentParams> = {}): IntentParams {
	return {
		amount: 1_250,
		currency: "eur",
		confirm: true,
		error_on_requires_action: true,
		payment_method: "pm_card_visa",
		...change,
	};
}

/** The error of a call that has to fail. */
export async function refusal(call: Promise<unknown>): Promise<Stripe.errors.StripeError> {
	try {
		await call;
	} catch (error) {
		if (error instanceof Stripe.errors.StripeError) return error;
		throw error;
	}
	throw new Error("the call did not fail");
}

/** A POST as it goes over the wire, where the client would hide something. */
export function post(
	url: string,
	path: string,
	body: string,
	headers: Record<string, string> = {},
	timeout_ms = 20_000,
): Promise<Response> {
	return fetch(url + path, {
		method: "POST",
		headers: {
			authorization: `Bearer ${SANDBOX_KEY}`,
			"content-type": "application/x-www-form-urlencoded",
			...headers,
		},
		body,
		signal: AbortSignal.timeout(timeout_ms),
	});
}
