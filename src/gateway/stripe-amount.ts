import { minorDigits } from "../contracts/money.ts";

/** Currencies that Stripe counts in other units than ISO 4217: docs.stripe.com/currencies, special cases. */
const DIGITS: ReadonlyMap<string, number> = new Map([
	["ISK", 2],
	["UGX", 2],
	["MGA", 0],
]);

/**
 * Minor units as Stripe wants them.
 * @returns undefined where Stripe cannot say the amount
 */
export function toStripeAmount(amount: number, currency: string): number | undefined {
	const shifted = shift(amount, digitsBetween(currency));
	return Number.isSafeInteger(shifted) ? shifted : undefined;
}

/** Minor units of ISO 4217. */
export function fromStripeAmount(amount: number, currency: string): number {
	return shift(amount, -digitsBetween(currency));
}

function digitsBetween(currency: string): number {
	const digits = DIGITS.get(currency);
	return digits === undefined ? 0 : digits - minorDigits(currency);
}

function shift(amount: number, digits: number): number {
	return digits < 0 ? amount / 10 ** -digits : amount * 10 ** digits;
}
