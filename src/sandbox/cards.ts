import { type ErrorFields, missing } from "./api-error.ts";

/** What becomes of a card that is charged. */
export type CardOutcome = "succeeds" | "needs_action" | ErrorFields;

/** Of Stripe's tokens that decline, what follows `chargeDeclined`: code, decline code, message. */
const DECLINES: Readonly<
	Record<string, readonly [code: string, decline_code: string, message: string]>
> = {
	"": ["card_declined", "generic_decline", "Your card was declined."],
	insufficientfunds: ["card_declined", "insufficient_funds", "Your card has insufficient funds."],
	lostcard: ["card_declined", "lost_card", "Your card was declined."],
	stolencard: ["card_declined", "stolen_card", "Your card was declined."],
	fraudulent: ["card_declined", "fraudulent", "Your card was declined."],
	velocitylimitexceeded: [
		"card_declined",
		"card_velocity_exceeded",
		"Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
	],
	expiredcard: ["expired_card", "expired_card", "Your card has expired."],
	incorrectcvc: ["incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."],
	processingerror: [
		"processing_error",
		"processing_error",
		"An error occurred while processing your card. Try again in a little bit.",
	],
};

export const authenticationRequired: ErrorFields = {
	type: "card_error",
	code: "authentication_required",
	decline_code: "authentication_required",
	message: "Your card was declined. This transaction requires authentication.",
};

/**
 * What becomes of a charge to a test token, as Stripe documents it. A token of ours, `decline_<code>`,
 * declines with that code; any other that looks like one succeeds.
 * @throws ApiError when the token does not look like one.
 */
export function chargeCard(token: string): CardOutcome {
	if (token.startsWith("decline_")) {
		return decline("card_declined", token.slice("decline_".length), "Your card was declined.");
	}
	if (!/^(pm|tok|card|src)_\w+$/.test(token)) {
		throw missing("PaymentMethod", token, "payment_method", 400);
	}
	if (/authenticationRequired$/i.test(token)) return "needs_action";
	const declined = /chargeDeclined(\w*)$/i.exec(token);
	if (declined === null) return "succeeds";
	const known = DECLINES[(declined[1] ?? "").toLowerCase()];
	if (known === undefined) throw missing("PaymentMethod", token, "payment_method", 400);
	return decline(...known);
}

/** What a refund to the card ends as; it is pending before, unless it succeeds at once. */
export function refundCard(token: string | null): "succeeded" | "succeeded_later" | "failed_later" {
	if (token !== null && /refundFail$/i.test(token)) return "failed_later";
	return token !== null && /pendingRefund$/i.test(token) ? "succeeded_later" : "succeeded";
}

function decline(code: string, decline_code: string, message: string): ErrorFields {
	return { type: "card_error", code, decline_code, message };
}
