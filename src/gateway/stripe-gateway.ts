import type Stripe from "stripe";
import { classify } from "./classify.ts";
import type { Decided, Gateway, GatewayRequest, GatewayResult } from "./gateway.ts";
import { late, notSent } from "./gateway-error.ts";
import { toStripeAmount } from "./stripe-amount.ts";
import { readStripeBooks } from "./stripe-books.ts";
import { createStripeClient, type StripeAccess } from "./stripe-client.ts";
import { lookUpCharge, lookUpRefund } from "./stripe-look-up.ts";
import { readIntent, readRefund } from "./stripe-objects.ts";

/** An order that costs nothing is paid without a call; the reference says that there is none. */
const NOTHING_TO_MOVE: Decided = { state: "succeeded", reference: "none" };

/**
 * Moves money with Stripe: one PaymentIntent a charge, confirmed as it is made, and one Refund a
 * refund, each with our key in its metadata. Every call is made once.
 * @param needs.default_token pays for orders that come without a payment token; without it they are declined
 */
export function createStripeGateway(
	needs: StripeAccess & { readonly default_token: string | undefined },
): Gateway {
	const stripe = createStripeClient(needs);

	async function carryOut(request: GatewayRequest, send_before: number): Promise<GatewayResult> {
		const token = request.payment_token ?? needs.default_token;
		const amount = toStripeAmount(request.amount, request.currency);
		const settled = settleWithoutCall(request, amount, token);
		if (settled !== undefined) return settled;
		if (performance.now() > send_before) return notSent(late());
		const call = { ...request, amount: amount as number };
		try {
			return request.kind === "charge"
				? readIntent(await charge(stripe, call, token as string))
				: readRefund(await refund(stripe, call));
		} catch (error) {
			return classify(error);
		}
	}

	return {
		capacity: () => Number.POSITIVE_INFINITY,
		async submit(requests, send_before, tell) {
			const calls = requests.map(async (request, position) =>
				tell(position, await carryOut(request, send_before)),
			);
			await Promise.all(calls);
		},
		async lookUp(request) {
			if (request.amount === 0) return NOTHING_TO_MOVE;
			try {
				return request.kind === "charge"
					? await lookUpCharge(stripe, request)
					: await lookUpRefund(stripe, request);
			} catch (error) {
				const result = classify(error);
				const said = "error" in result ? result.error : error;
				return { state: "unknown", error: said };
			}
		},
		books: (since_ms) => readStripeBooks(stripe, since_ms),
	};
}

/** Stripe refuses an amount of nothing, and what lacks its means would be refused as well. */
function settleWithoutCall(
	request: GatewayRequest,
	amount: number | undefined,
	token: string | undefined,
): Decided | undefined {
	if (request.amount === 0) return NOTHING_TO_MOVE;
	if (amount === undefined) return { state: "declined", code: "amount_not_payable" };
	if (request.kind === "charge" && token === undefined) {
		return { state: "declined", code: "payment_token_missing" };
	}
	if (request.kind === "refund" && request.charge_reference === undefined) {
		return { state: "declined", code: "charge_reference_missing" };
	}
	return undefined;
}

function charge(stripe: Stripe, request: GatewayRequest, token: string) {
	const { key, order_id, kind, amount, currency } = request;
	const params: Stripe.PaymentIntentCreateParams = {
		amount,
		currency: currency.toLowerCase(),
		confirm: true,
		error_on_requires_action: true,
		allowed_payment_method_types: ["card"],
		metadata: { charge_id: key, order_id, kind },
		...(token.startsWith("tok_")
			? { payment_method_data: cardOf(token) }
			: { payment_method: token }),
	};
	return stripe.paymentIntents.create(params, { idempotencyKey: key });
}

/** A card by its token, which the API takes and the client's types leave out. */
function cardOf(token: string): Stripe.PaymentIntentCreateParams.PaymentMethodData {
	return { type: "card", ...{ card: { token } } };
}

function refund(stripe: Stripe, request: GatewayRequest) {
	const { key, order_id, amount, charge_reference } = request;
	return stripe.refunds.create(
		{
			payment_intent: charge_reference as string,
			amount,
			metadata: { refund_id: key, order_id },
		},
		{ idempotencyKey: key },
	);
}
