import { expect, test } from "bun:test";
import { chargeId, undoOf } from "./payment.ts";

test.each([
	[undefined, "forbid"],
	["pending", "wait"],
	["in_flight", "wait"],
	["unknown", "wait"],
	["succeeded", "refund"],
	["declined", "nothing"],
	["void", "nothing"],
] as const)("a cancelled order whose charge is %p: %s", (state, undo) => {
	expect(undoOf(state)).toBe(undo);
});

test("the key of a charge follows from the order, and is not that of its refund", () => {
	expect(chargeId("charge", "order-1")).toBe(chargeId("charge", "order-1"));
	const ids = ["order-1", "order-2"].flatMap((id) => [
		chargeId("charge", id),
		chargeId("refund", id),
	]);
	expect(new Set(ids).size).toBe(4);
});

test("the key of a charge never changes from one build to the next", () => {
	expect(chargeId("charge", "order-1")).toBe("9a71556d-b9cf-5245-b5f0-89aeec81b6b4");
	expect(chargeId("refund", "order-1")).toBe("16505def-d325-50db-85f6-f38709b2713f");
});
