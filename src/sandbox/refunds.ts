import { invalid, refused } from "./api-error.ts";
import { refundCard } from "./cards.ts";
import type { Form } from "./form.ts";
import { amountOf, knownOnly, metadataOf } from "./parameters.ts";
import { type Intent, newId, type Refund } from "./records.ts";

const CREATE = new Set(["payment_intent", "amount", "metadata", "reason"]);
const REASONS = ["duplicate", "fraudulent", "requested_by_customer"];

/**
 * Gives back money of an intent, all that is left when no amount is said.
 * @param refunded what its refunds that did not fail take together
 * @throws ApiError for parameters that cannot be, and for more than is left
 */
export function createRefund(form: Form, intent: Intent, refunded: number, now_ms: number): Refund {
	knownOnly(form, CREATE);
	const asked = amountOf(form);
	const metadata = metadataOf(form);
	const reason = form.get("reason") ?? null;
	if (reason !== null && !REASONS.includes(reason)) {
		throw invalid(`Invalid reason: must be one of ${REASONS.join(", ")}`, "reason");
	}
	if (intent.status !== "succeeded" || intent.charge === null) {
		throw refused(
			`This PaymentIntent (${intent.id}) does not have a successful charge to refund.`,
			"payment_intent_unexpected_state",
			"payment_intent",
		);
	}
	const left = intent.amount - refunded;
	if (left === 0) {
		throw refused(`Charge ${intent.charge} has already been refunded.`, "charge_already_refunded");
	}
	const amount = asked ?? left;
	if (amount > left) {
		const [much, all] = [amount, left].map((each) => `${each} ${intent.currency}`);
		const message = `Refund amount (${much}) is greater than unrefunded amount on charge (${all})`;
		throw refused(message, undefined, "amount");
	}
	return {
		id: newId("re"),
		intent: intent.id,
		charge: intent.charge,
		amount,
		currency: intent.currency,
		status: refundCard(intent.payment_method) === "succeeded" ? "succeeded" : "pending",
		created_ms: now_ms,
		metadata,
		reason,
	};
}

/** How a pending refund to the card of `intent` ends. */
export function settleRefund(refund: Refund, intent: Intent): Refund {
	const ends = refundCard(intent.payment_method);
	return { ...refund, status: ends === "failed_later" ? "failed" : "succeeded" };
}
