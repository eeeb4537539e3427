import { missing } from "./api-error.ts";
import type { Form } from "./form.ts";
import { type Page, pageOf } from "./page.ts";
import type { Intent, Refund } from "./records.ts";

/** Every intent and refund as it stands, in the order they were made. */
export interface Books {
	readonly intents: readonly Intent[];
	readonly refunds: readonly Refund[];
	putIntent(intent: Intent): void;
	putRefund(refund: Refund): void;
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

/** Records in the order they were made; a change keeps its place. */
interface Shelf<T> {
	readonly records: T[];
	readonly positions: Map<string, number>;
}

export function createBooks(): Books {
	const intents: Shelf<Intent> = { records: [], positions: new Map() };
	const refunds: Shelf<Refund> = { records: [], positions: new Map() };
	const refunds_of = new Map<string, string[]>();

	function refund(id: string): Refund {
		return found(refunds, id) ?? fail(missing("refund", id, "id"));
	}

	function refundsOf(intent: string): Refund[] {
		return (refunds_of.get(intent) ?? []).map(refund);
	}

	return {
		intents: intents.records,
		refunds: refunds.records,
		putIntent: (intent) => void put(intents, intent),
		putRefund(it) {
			if (!put(refunds, it)) return;
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
		listIntents: (query) => pageOf(intents.records, (id) => intents.positions.get(id), query, []),
		listRefunds(query) {
			const intent = query.get("payment_intent");
			if (intent === undefined) {
				const place = (id: string) => refunds.positions.get(id);
				return pageOf(refunds.records, place, query, ["payment_intent"]);
			}
			const own = refundsOf(intent);
			const place = (id: string) => indexOrNone(own.findIndex((it) => it.id === id));
			return pageOf(own, place, query, ["payment_intent"]);
		},
	};
}

/** Answers whether the record is new. */
function put<T extends { id: string }>({ records, positions }: Shelf<T>, record: T): boolean {
	const position = positions.get(record.id);
	if (position !== undefined) {
		records[position] = record;
		return false;
	}
	positions.set(record.id, records.push(record) - 1);
	return true;
}

function found<T>({ records, positions }: Shelf<T>, id: string): T | undefined {
	const position = positions.get(id);
	return position === undefined ? undefined : records[position];
}

function indexOrNone(index: number): number | undefined {
	return index === -1 ? undefined : index;
}

function fail(error: Error): never {
	throw error;
}
