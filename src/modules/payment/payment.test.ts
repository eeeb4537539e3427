import { expect, test } from "bun:test";
import { chargeId, nextStep, sendWithin } from "./payment.ts";

const DAY_MS = 86_400_000;

test.each([
	["a charge that never left is sent, however old it is", 7, undefined, "send"],
	["a fresh one is sent again with the same key", 2, 0.001, "send"],
	["one that fails again is looked up first", 3, 0.001, "look-up-then-send"],
	["still so just before the last fifth of its key", 9, 0.799, "look-up-then-send"],
	["in the last fifth nothing is sent", 2, 0.8, "look-up"],
	["when the key is gone a person has to look", 2, 1, "look-up-or-park"],
] as const)("%s", (_, attempts, lives, step) => {
	const key_age_ms = lives === undefined ? undefined : lives * DAY_MS;
	expect(nextStep(attempts, key_age_ms, DAY_MS)).toBe(step);
});

test("a call whose start was held up does not begin when its key may be gone", () => {
	expect(sendWithin(undefined, 1_000)).toBe(900);
	expect(sendWithin(799, 1_000)).toBe(101);
	expect(sendWithin(1_000, 1_000)).toBeLessThan(0);
});

test("the key of a charge follows from the order, and is not that of its refunds", () => {
	expect(chargeId("charge", "order-1")).toBe(chargeId("charge", "order-1"));
	const ids = ["order-1", "order-2"].flatMap((id) => [
		chargeId("charge", id),
		chargeId("refund", id),
		chargeId("refund", id, "part-1"),
		chargeId("refund", id, "part-2"),
	]);
	expect(new Set(ids).size).toBe(8);
});

test("the key of a charge never changes from one build to the next", () => {
	expect(chargeId("charge", "order-1")).toBe("9a71556d-b9cf-5245-b5f0-89aeec81b6b4");
	expect(chargeId("refund", "order-1")).toBe("16505def-d325-50db-85f6-f38709b2713f");
});
