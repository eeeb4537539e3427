import type { ErrorFields } from "./api-error.ts";
import type { Entry, Intent, Refund } from "./records.ts";

const text = JSON.stringify;

/** Seconds, as Stripe tells time. */
export function seconds(ms: number): number {
	return Math.floor(ms / 1_000);
}

/** The fields of a payment intent that are the same in all of ours. */
const SAME_IN_INTENTS = JSON.stringify({
	object: "payment_intent",
	amount_capturable: 0,
	amount_details: { tip: {} },
	application: null,
	application_fee_amount: null,
	automatic_payment_methods: null,
	capture_method: "automatic",
	confirmation_method: "automatic",
	customer: null,
	livemode: false,
	on_behalf_of: null,
	payment_method_options: {},
	payment_method_types: ["card"],
	processing: null,
	receipt_email: null,
	review: null,
	setup_future_usage: null,
	shipping: null,
	source: null,
	statement_descriptor: null,
	statement_descriptor_suffix: null,
	transfer_data: null,
	transfer_group: null,
}).slice(1, -1);

const SAME_IN_REFUNDS = JSON.stringify({
	object: "refund",
	balance_transaction: null,
	receipt_number: null,
	source_transfer_reversal: null,
	transfer_reversal: null,
}).slice(1, -1);

/** Stripe's JSON of a payment intent. */
export function renderIntent(it: Intent): string {
	const own = text({
		amount: it.amount,
		amount_received: it.status === "succeeded" ? it.amount : 0,
		canceled_at: it.canceled_ms === null ? null : seconds(it.canceled_ms),
		cancellation_reason: it.cancellation_reason,
		client_secret: `${it.id}_secret_sandbox`,
		created: seconds(it.created_ms),
		currency: it.currency,
		description: it.description,
		last_payment_error: it.decline,
		latest_charge: it.charge,
		metadata: it.metadata,
		next_action: it.status === "requires_action" ? NEXT_ACTION : null,
		payment_method: it.payment_method,
		status: it.status,
	});
	return `{"id":"${it.id}",${SAME_IN_INTENTS},${own.slice(1)}`;
}

const NEXT_ACTION = {
	type: "use_stripe_sdk",
	use_stripe_sdk: { type: "three_d_secure_redirect" },
};

export function renderRefund(it: Refund): string {
	const own = text({
		amount: it.amount,
		charge: it.charge,
		created: seconds(it.created_ms),
		currency: it.currency,
		...(it.status === "failed" && { failure_reason: "unknown" }),
		metadata: it.metadata,
		payment_intent: it.intent,
		reason: it.reason,
		status: it.status,
	});
	return `{"id":"${it.id}",${SAME_IN_REFUNDS},${own.slice(1)}`;
}

/** The error envelope. A declined card shows the payment intent that it left. */
export function renderError(fields: ErrorFields, intent?: Intent): string {
	if (fields.type !== "card_error" || intent === undefined) return text({ error: fields });
	const plain = text({ ...fields, charge: intent.charge });
	return `{"error":${plain.slice(0, -1)},"payment_intent":${renderIntent(intent)}}}`;
}

/** The body that an entry was answered with: the same at every look. */
export function renderAnswer({ answer, intent, refund }: Entry): string {
	if (answer?.error !== undefined) return renderError(answer.error, intent);
	if (refund !== undefined) return renderRefund(refund);
	return intent === undefined ? "{}" : renderIntent(intent);
}

export function renderList(url: string, data: readonly string[], has_more: boolean): string {
	return `{"object":"list","data":[${data.join(",")}],"has_more":${has_more},"url":"${url}"}`;
}

/** `next_page` asks for what follows; null at the end. */
export function renderSearch(
	url: string,
	data: readonly string[],
	next_page: string | null,
): string {
	const more = text({ has_more: next_page !== null, next_page, url });
	return `{"object":"search_result","data":[${data.join(",")}],${more.slice(1)}`;
}
