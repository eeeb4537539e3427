import type { ErrorFields } from "./api-error.ts";
import type { Entry, Intent, Refund } from "./records.ts";

const text = JSON.stringify;

/** Seconds, as Stripe tells time. */
export function seconds(ms: number): number {
	return Math.floor(ms / 1_000);
}

/** Stripe's JSON of a payment intent. Put together by hand: it is written once a charge. */
export function renderIntent(it: Intent): string {
	const received = it.status === "succeeded" ? it.amount : 0;
	const canceled = it.canceled_ms === null ? null : seconds(it.canceled_ms);
	return `{"id":"${it.id}","object":"payment_intent","amount":${it.amount},"amount_capturable":0,"amount_details":{"tip":{}},"amount_received":${received},"application":null,"application_fee_amount":null,"automatic_payment_methods":null,"canceled_at":${canceled},"cancellation_reason":${text(it.cancellation_reason)},"capture_method":"automatic","client_secret":"${it.id}_secret_sandbox","confirmation_method":"automatic","created":${seconds(it.created_ms)},"currency":"${it.currency}","customer":null,"description":${text(it.description)},"last_payment_error":${text(it.decline)},"latest_charge":${text(it.charge)},"livemode":false,"metadata":${text(it.metadata)},"next_action":${nextAction(it)},"on_behalf_of":null,"payment_method":${text(it.payment_method)},"payment_method_options":{},"payment_method_types":["card"],"processing":null,"receipt_email":null,"review":null,"setup_future_usage":null,"shipping":null,"source":null,"statement_descriptor":null,"statement_descriptor_suffix":null,"status":"${it.status}","transfer_data":null,"transfer_group":null}`;
}

function nextAction({ status }: Intent): string {
	if (status !== "requires_action") return "null";
	return '{"type":"use_stripe_sdk","use_stripe_sdk":{"type":"three_d_secure_redirect"}}';
}

export function renderRefund(it: Refund): string {
	const failed = it.status === "failed" ? ',"failure_reason":"unknown"' : "";
	return `{"id":"${it.id}","object":"refund","amount":${it.amount},"balance_transaction":null,"charge":"${it.charge}","created":${seconds(it.created_ms)},"currency":"${it.currency}"${failed},"metadata":${text(it.metadata)},"payment_intent":"${it.intent}","reason":${text(it.reason)},"receipt_number":null,"source_transfer_reversal":null,"status":"${it.status}","transfer_reversal":null}`;
}

/** The error envelope. A declined card shows the payment intent that it left. */
export function renderError(fields: ErrorFields, intent?: Intent): string {
	const plain = text(fields);
	if (fields.type !== "card_error" || intent === undefined) return `{"error":${plain}}`;
	return `{"error":${plain.slice(0, -1)},"charge":${text(intent.charge)},"payment_intent":${renderIntent(intent)}}}`;
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
	return `{"object":"search_result","data":[${data.join(",")}],"has_more":${next_page !== null},"next_page":${text(next_page)},"url":"${url}"}`;
}
