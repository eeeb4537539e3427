import { expect, test } from "bun:test";
import { fromStripeAmount, toStripeAmount } from "./stripe-amount.ts";

test.each([
	["EUR", 1_234, 1_234],
	["JPY", 500, 500],
	["KWD", 5_120, 5_120],
	["ISK", 5, 500],
	["UGX", 5, 500],
	["EUR", Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
])("%s %p is %p for Stripe, and back", (currency, amount, stripe_amount) => {
	expect(toStripeAmount(amount, currency)).toBe(stripe_amount);
	expect(fromStripeAmount(stripe_amount, currency)).toBe(amount);
});

test("what Stripe counts in whole units only cannot have a part of one", () => {
	expect(toStripeAmount(1_200, "MGA")).toBe(12);
	expect(fromStripeAmount(12, "MGA")).toBe(1_200);
	expect(toStripeAmount(1_234, "MGA")).toBeUndefined();
});

test("an amount that cannot be counted exactly is none", () => {
	expect(toStripeAmount(Number.MAX_SAFE_INTEGER, "ISK")).toBeUndefined();
});
