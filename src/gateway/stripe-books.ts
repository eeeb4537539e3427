import type Stripe from "stripe";
import type { BookEntry } from "./gateway.ts";
import { fromStripeAmount } from "./stripe-amount.ts";

const PAGE = 100;
/** Reading moves nothing, so that the client may try a page again. */
const AGAIN: Stripe.RequestOptions = { maxNetworkRetries: 3 };

interface Page<T> {
	readonly data: readonly T[];
	readonly has_more: boolean;
}

/** All charges since then, then all refunds; each newest first. Only money that moved. */
export async function* readStripeBooks(
	stripe: Stripe,
	since_ms: number,
): AsyncGenerator<readonly BookEntry[]> {
	const params = { created: { gte: Math.floor(since_ms / 1_000) }, limit: PAGE };
	const charges = (from: object) => stripe.paymentIntents.list({ ...params, ...from }, AGAIN);
	for await (const page of pages(charges)) yield page.filter(hasSucceeded).map(fromIntent);
	const refunds = (from: object) => stripe.refunds.list({ ...params, ...from }, AGAIN);
	for await (const page of pages(refunds)) yield page.filter(hasSucceeded).map(fromRefund);
}

/** Asks for the next page while the reader works on this one. */
async function* pages<T extends { readonly id: string }>(
	fetchPage: (from: { starting_after?: string }) => Promise<Page<T>>,
): AsyncGenerator<readonly T[]> {
	let next: Promise<Page<T>> | undefined = fetchPage({});
	while (next !== undefined) {
		const { data, has_more }: Page<T> = await next;
		const last = data.at(-1);
		next = has_more && last !== undefined ? fetchPage({ starting_after: last.id }) : undefined;
		// A reader that leaves early never awaits it.
		next?.catch(() => undefined);
		yield data;
	}
}

function hasSucceeded({ status }: { readonly status: string | null }): boolean {
	return status === "succeeded";
}

function fromIntent(intent: Stripe.PaymentIntent): BookEntry {
	const { charge_id: key, order_id } = intent.metadata;
	return entry("charge", intent, intent.amount_received, { key, order_id });
}

function fromRefund(refund: Stripe.Refund): BookEntry {
	const { refund_id: key, order_id } = refund.metadata ?? {};
	return entry("refund", refund, refund.amount, { key, order_id });
}

function entry(
	kind: BookEntry["kind"],
	moved: { readonly id: string; readonly currency: string },
	stripe_amount: number,
	ours: Pick<BookEntry, "key" | "order_id">,
): BookEntry {
	const currency = moved.currency.toUpperCase();
	const amount = fromStripeAmount(stripe_amount, currency);
	return { kind, ...ours, amount, currency, reference: moved.id };
}
