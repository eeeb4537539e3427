import { missing } from "./api-error.ts";
import type { Form } from "./form.ts";
import { type Page, pageOf } from "./page.ts";
import type { Intent, Refund } from "./records.ts";
import { createShelf, type OpenShelf, shelfOf } from "./shelf.ts";

/** What all records come to. */
export interface Totals {
	readonly charges: { count: number; amount: number; declined: number };
	readonly refunds: { count: number; amount: number; failed: number };
}

/** Every intent and refund as it stands. */
export interface Books {
	readonly intents: Pick<OpenShelf<Intent>, "length" | "at" | "texts">;
	readonly refunds: Pick<OpenShelf<Refund>, "length" | "at" | "texts">;
	readonly totals: Totals;
	/** `text` is the JSON of the record. */
	putIntent(intent: Intent, text: string): void;
	putRefund(refund: Refund, text: string): void;
	/** @throws ApiError 404, or `status`, when there is none */
	intent(id: string, status?: number): Intent;
	/** @throws ApiError 404 when there is none */
	refund(id: string): Refund;
	/** What an intent's refunds that did not fail take together. */
	refunded(intent: Intent): number;
	/** @throws ApiError for parameters that cannot be */
	listIntents(query: Form): Page<Intent>;
	/** @throws ApiError for parameters that cannot be */
	listRefunds(query: Form): Page<Refund>;
}

export function createBooks(): Books {
	const intents = createShelf<Intent>();
	const refunds = createShelf<Refund>();
	const refunds_of = new Map<string, string[]>();
	const totals: Totals = {
		charges: { count: 0, amount: 0, declined: 0 },
		refunds: { count: 0, amount: 0, failed: 0 },
	};

	function refund(id: string): Refund {
		return found(refunds, id) ?? fail(missing("refund", id, "id"));
	}

	function refundsOf(intent: string): Refund[] {
		return (refunds_of.get(intent) ?? []).map(refund);
	}

	return {
		intents,
		refunds,
		totals,
		putIntent(intent, text) {
			const before = intents.put(intent, text);
			if (before !== undefined) countIntent(totals, before, -1);
			countIntent(totals, intent, 1);
		},
		putRefund(it, text) {
			const before = refunds.put(it, text);
			if (before !== undefined) countRefund(totals, before, -1);
			countRefund(totals, it, 1);
			if (before !== undefined) return;
			const others = refunds_of.get(it.intent);
			if (others === undefined) refunds_of.set(it.intent, [it.id]);
			else others.push(it.id);
		},
		intent(id, status = 404) {
			const param = status === 404 ? "intent" : "payment_intent";
			return found(intents, id) ?? fail(missing("payment_intent", id, param, status));
		},
		refund,
		refunded: ({ id }) =>
			refundsOf(id).reduce((sum, it) => (it.status === "failed" ? sum : sum + it.amount), 0),
		listIntents: (query) => pageOf(intents, query, []),
		listRefunds(query) {
			const intent = query.get("payment_intent");
			const shelf = intent === undefined ? refunds : shelfOf(refundsOf(intent));
			return pageOf(shelf, query, ["payment_intent"]);
		},
	};
}

function found<T>(shelf: OpenShelf<T>, id: string): T | undefined {
	const position = shelf.positionOf(id);
	return position === undefined ? undefined : shelf.at(position);
}

function countIntent({ charges }: Totals, { status, amount, decline }: Intent, sign: 1 | -1): void {
	if (decline !== null) charges.declined += sign;
	if (status !== "succeeded") return;
	charges.count += sign;
	charges.amount += sign * amount;
}

function countRefund({ refunds }: Totals, { status, amount }: Refund, sign: 1 | -1): void {
	if (status === "failed") {
		refunds.failed += sign;
		return;
	}
	refunds.count += sign;
	refunds.amount += sign * amount;
}

function fail(error: Error): never {
	throw error;
}
