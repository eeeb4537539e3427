import { invalid, missing } from "./api-error.ts";
import { type Form, under } from "./form.ts";

const AMOUNT_MAX = 99_999_999;
const METADATA_KEYS_MAX = 50;
const METADATA_KEY_CHARACTERS_MAX = 40;
const METADATA_VALUE_CHARACTERS_MAX = 500;

/** @throws ApiError for a parameter whose name, up to its first bracket, is not among `names`. */
export function knownOnly(form: Form, names: ReadonlySet<string>): void {
	for (const name of form.keys()) {
		const bracket = name.indexOf("[");
		const top = bracket === -1 ? name : name.slice(0, bracket);
		if (!names.has(top)) {
			throw invalid(`Received unknown parameter: ${top}`, top, "parameter_unknown");
		}
	}
}

/** An amount in minor units; undefined when it is left out. */
export function amountOf(form: Form): number | undefined {
	const text = form.get("amount");
	if (text === undefined) return undefined;
	if (!/^-?\d+$/.test(text))
		throw invalid(`Invalid integer: ${text}`, "amount", "parameter_invalid_integer");
	const amount = Number(text);
	if (amount < 1) {
		const message = "This value must be greater than or equal to 1.";
		throw invalid(message, "amount", "parameter_invalid_integer");
	}
	if (amount > AMOUNT_MAX) {
		throw invalid("Amount must be no more than 99999999", "amount", "amount_too_large");
	}
	return amount;
}

export function required<T>(value: T | undefined, name: string): T {
	if (value === undefined) {
		throw invalid(`Missing required param: ${name}.`, name, "parameter_missing");
	}
	return value;
}

export function currencyOf(form: Form): string {
	const currency = required(form.get("currency"), "currency").toLowerCase();
	if (!/^[a-z]{3}$/.test(currency)) throw invalid(`Invalid currency: ${currency}.`, "currency");
	return currency;
}

export function flagOf(form: Form, name: string): boolean {
	const text = form.get(name) ?? "false";
	if (text !== "true" && text !== "false") throw invalid(`Invalid boolean: ${text}`, name);
	return text === "true";
}

export function metadataOf(form: Form): Record<string, string> {
	const metadata = under(form, "metadata");
	const keys = Object.keys(metadata);
	if (keys.length > METADATA_KEYS_MAX) {
		throw invalid(`Metadata can have up to ${METADATA_KEYS_MAX} keys.`, "metadata");
	}
	for (const key of keys) {
		if (key.length > METADATA_KEY_CHARACTERS_MAX) {
			const message = `Metadata keys can have up to ${METADATA_KEY_CHARACTERS_MAX} characters.`;
			throw invalid(message, "metadata");
		}
		if ((metadata[key] ?? "").length > METADATA_VALUE_CHARACTERS_MAX) {
			const message = `Metadata values can have up to ${METADATA_VALUE_CHARACTERS_MAX} characters.`;
			throw invalid(message, `metadata[${key}]`);
		}
	}
	return metadata;
}

/** The token of the card: a payment method, or the card token that is to become one. */
export function paymentMethodOf(form: Form): string | null {
	const method = form.get("payment_method");
	if (method !== undefined) return method;
	const type = form.get("payment_method_data[type]");
	if (type === undefined) return null;
	if (type !== "card") throw missing("payment method type", type, "payment_method_data[type]", 400);
	const token = "payment_method_data[card][token]";
	return required(form.get(token), token);
}
