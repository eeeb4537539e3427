import { z } from "zod";

const CURRENCIES = new Set(Intl.supportedValuesOf("currency"));

/** ISO 4217 code. */
export const currency = z
	.string()
	.regex(/^[A-Z]{3}$/)
	.refine((code) => CURRENCIES.has(code), "is not an ISO 4217 currency code");

/** Integer minor units (cents for EUR, yen for JPY), 0 to 2^53 - 1. */
export const amount = z.int().min(0);

/** Digits after the decimal point of a currency: 2 for EUR, 0 for JPY. */
export function minorDigits(code: string): number {
	const format = new Intl.NumberFormat("en", { style: "currency", currency: code });
	return format.resolvedOptions().maximumFractionDigits ?? 2;
}

/** Rounds a decimal amount, as v1 contracts carry it, to integer minor units. */
export function toMinorUnits(decimal: number, code: string): number {
	return Math.round(decimal * 10 ** minorDigits(code));
}
