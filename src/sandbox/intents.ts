import { type ErrorFields, invalid, refused } from "./api-error.ts";
import { authenticationRequired, chargeCard } from "./cards.ts";
import type { Form } from "./form.ts";
import {
	amountOf,
	currencyOf,
	flagOf,
	knownOnly,
	metadataOf,
	paymentMethodOf,
	required,
} from "./parameters.ts";
import { type Intent, newId } from "./records.ts";

/** What a request made of an intent; with an error it is answered with 402. */
export interface IntentChange {
	readonly intent: Intent;
	readonly error?: ErrorFields;
}

const CONFIRM = new Set([
	"error_on_requires_action",
	"off_session",
	"payment_method",
	"payment_method_data",
	"allowed_payment_method_types",
	"payment_method_types",
	"return_url",
]);
const CREATE = new Set([...CONFIRM, "amount", "currency", "confirm", "description", "metadata"]);
const CANCEL = new Set(["cancellation_reason"]);

/** @throws ApiError for parameters that cannot be */
export function createIntent(form: Form, now_ms: number): IntentChange {
	knownOnly(form, CREATE);
	const confirm = flagOf(form, "confirm");
	if (!confirm && flagOf(form, "error_on_requires_action")) {
		throw invalid(
			"You can only set error_on_requires_action when confirm is true.",
			"error_on_requires_action",
		);
	}
	cardOnly(form);
	const payment_method = paymentMethodOf(form);
	const intent: Intent = {
		id: newId("pi"),
		amount: required(amountOf(form), "amount"),
		currency: currencyOf(form),
		status: payment_method === null ? "requires_payment_method" : "requires_confirmation",
		created_ms: now_ms,
		metadata: metadataOf(form),
		description: form.get("description") ?? null,
		payment_method,
		charge: null,
		decline: null,
		canceled_ms: null,
		cancellation_reason: null,
	};
	return confirm ? attempt(intent, form) : { intent };
}

/** @throws ApiError for parameters that cannot be, and for an intent that has ended */
export function confirmIntent(intent: Intent, form: Form): IntentChange {
	knownOnly(form, CONFIRM);
	cardOnly(form);
	if (!isOpen(intent)) throw wrongState(intent, "confirm");
	return attempt(
		{ ...intent, payment_method: paymentMethodOf(form) ?? intent.payment_method },
		form,
	);
}

/** @throws ApiError for an intent that has ended */
export function cancelIntent(intent: Intent, form: Form, now_ms: number): IntentChange {
	knownOnly(form, CANCEL);
	if (!isOpen(intent)) throw wrongState(intent, "cancel");
	const cancellation_reason = form.get("cancellation_reason") ?? null;
	return { intent: { ...intent, status: "canceled", canceled_ms: now_ms, cancellation_reason } };
}

function attempt(intent: Intent, form: Form): IntentChange {
	const { payment_method } = intent;
	if (payment_method === null) {
		throw invalid(
			"You cannot confirm this PaymentIntent because it's missing a payment method.",
			"payment_method",
			"payment_intent_unexpected_state",
		);
	}
	const outcome = chargeCard(payment_method);
	const charge = newId("ch");
	if (outcome === "succeeds") {
		return { intent: { ...intent, status: "succeeded", charge, decline: null } };
	}
	if (outcome === "needs_action") {
		const asks = !flagOf(form, "error_on_requires_action") && !isOffSession(form);
		if (asks) return { intent: { ...intent, status: "requires_action" } };
	}
	const error = outcome === "needs_action" ? authenticationRequired : outcome;
	const failed = { ...intent, status: "requires_payment_method", charge, decline: error } as const;
	return { intent: failed, error };
}

function isOffSession(form: Form): boolean {
	return (form.get("off_session") ?? "false") !== "false";
}

function cardOnly(form: Form): void {
	for (const [name, type] of form) {
		if (!/^(allowed_)?payment_method_types\[/.test(name) || type === "card") continue;
		throw invalid(`The payment method type "${type}" is not known here: only card is.`, name);
	}
}

function isOpen({ status }: Intent): boolean {
	return status !== "succeeded" && status !== "canceled";
}

function wrongState({ status }: Intent, verb: string) {
	return refused(
		`You cannot ${verb} this PaymentIntent because it has a status of ${status}.`,
		"payment_intent_unexpected_state",
	);
}
