import { ApiError, type ErrorFields } from "./api-error.ts";
import type { Books } from "./books.ts";
import type { MoneyKind } from "./faults.ts";
import type { Form } from "./form.ts";
import { cancelIntent, confirmIntent, createIntent, type IntentChange } from "./intents.ts";
import { required } from "./parameters.ts";
import type { Intent, Refund } from "./records.ts";
import { createRefund } from "./refunds.ts";

/** What a request did, and the error that it is answered with, if any. */
export interface Outcome {
	readonly status: number;
	readonly error?: ErrorFields;
	readonly intent?: Intent;
	readonly refund?: Refund;
}

export interface Operation {
	/** Undefined for one that moves no money. */
	readonly money: MoneyKind | undefined;
	/** Decides from the books, and changes nothing. @throws ApiError */
	run(books: Books, form: Form, now_ms: number): Outcome;
}

const INTENT_PATH = /^\/v1\/payment_intents\/([^/]+)\/(confirm|cancel)$/;

const create: Operation = {
	money: "charge",
	run: (_, form, now_ms) => outcomeOf(createIntent(form, now_ms)),
};

const refund: Operation = {
	money: "refund",
	run(books, form, now_ms) {
		const id = required(form.get("payment_intent"), "payment_intent");
		const intent = books.intent(id, 400);
		return {
			status: 200,
			refund: createRefund(form, intent, books.refunded(intent), now_ms),
		};
	},
};

function confirm(id: string): Operation {
	return {
		money: "charge",
		run: (books, form) => outcomeOf(confirmIntent(books.intent(id), form)),
	};
}

function cancel(id: string): Operation {
	return {
		money: undefined,
		run: (books, form, now_ms) => outcomeOf(cancelIntent(books.intent(id), form, now_ms)),
	};
}

/**
 * What a POST to the path does.
 * @throws ApiError 404 when there is nothing
 */
export function operationOf(path: string): Operation {
	if (path === "/v1/payment_intents") return create;
	if (path === "/v1/refunds") return refund;
	const [, id, verb] = INTENT_PATH.exec(path) ?? [];
	if (id === undefined) throw unknownUrl("POST", path);
	return verb === "confirm" ? confirm(id) : cancel(id);
}

export function unknownUrl(method: string, path: string): ApiError {
	const message = `Unrecognized request URL (${method}: ${path}). The sandbox knows a part of the API only.`;
	return new ApiError(404, { type: "invalid_request_error", message });
}

function outcomeOf({ intent, error }: IntentChange): Outcome {
	return error === undefined ? { status: 200, intent } : { status: 402, intent, error };
}
