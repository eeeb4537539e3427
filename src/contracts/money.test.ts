import { expect, test } from "bun:test";
import fc from "fast-check";
import { amount, currency, minorDigits, toMinorUnits } from "./money.ts";

test.each([
	["EUR", 2],
	["USD", 2],
	["JPY", 0],
	["KWD", 3],
])("%s has %p digits", (code, digits) => {
	expect(minorDigits(code)).toBe(digits);
});

test.each([
	[12.34, "EUR", 1_234],
	[4.35, "EUR", 435],
	[0.29, "USD", 29],
	[1_234, "JPY", 1_234],
	[1.234, "KWD", 1_234],
	[0, "EUR", 0],
])("%p %s is %p in minor units", (decimal, code, minor) => {
	expect(toMinorUnits(decimal, code)).toBe(minor);
});

test("an amount that was divided comes back", () => {
	fc.assert(
		fc.property(
			fc.integer({ min: 0, max: 10 ** 13 }),
			fc.constantFrom("EUR", "JPY", "KWD"),
			(n, code) => expect(toMinorUnits(n / 10 ** minorDigits(code), code)).toBe(n),
		),
	);
});

test.each(["EUR", "CHF", "ZAR"])("%s is a currency", (code) => {
	expect(currency.safeParse(code).success).toBe(true);
});

test.each(["eur", "EURO", "XQZ", "", "EU1"])("%j is no currency", (code) => {
	expect(currency.safeParse(code).success).toBe(false);
});

test.each([-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, "1"])("%p is no amount", (n) => {
	expect(amount.safeParse(n).success).toBe(false);
});
