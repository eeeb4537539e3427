import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { adopted, endingOf, totalAmount } from "./order.ts";

const facts = {
	order_id: "order-1",
	tenant_id: "tenant-1",
	customer_id: "customer-1",
	currency: "EUR",
	total_amount: 1_250,
	occurred_at: "2026-01-02T03:04:05.000Z",
};
const NOW = "2026-01-02T03:04:06.000Z";

describe("how a report ends an order", () => {
	test.each([
		["payments.completed.v1", { status: "confirmed" }],
		["payments.failed.v1", { status: "cancelled", reason: "payment_failed" }],
		["inventory.rejected.v1", { status: "cancelled", reason: "out_of_stock" }],
	] as const)("%s", (subject, ending) => {
		const data = { ...facts, message_id: "m", charge_id: "c", sku: "SKU-1" };
		expect(endingOf({ subject, data }, NOW)).toEqual({
			...ending,
			facts: { ...facts, occurred_at: NOW },
		} as never);
	});
});

describe("what an order costs", () => {
	const line = fc.record({
		sku: fc.constant("SKU-1"),
		quantity: fc.integer({ min: 1, max: 1_000_000 }),
		unit_price: fc.integer({ min: 0, max: 1_000_000_000_000 }),
	});

	test("is exact, or not said at all", () => {
		fc.assert(
			fc.property(fc.array(line, { maxLength: 100 }), (lines) => {
				const exact = lines.reduce(
					(sum, it) => sum + BigInt(it.quantity) * BigInt(it.unit_price),
					0n,
				);
				const said = totalAmount(lines);
				if (exact > BigInt(Number.MAX_SAFE_INTEGER)) expect(said).toBeUndefined();
				else expect(said).toBe(Number(exact));
			}),
		);
	});

	test("is counted up to the last safe integer and no further", () => {
		const most = { sku: "A", quantity: 1, unit_price: Number.MAX_SAFE_INTEGER };
		expect(totalAmount([most])).toBe(Number.MAX_SAFE_INTEGER);
		expect(totalAmount([most, { ...most, unit_price: 1 }])).toBeUndefined();
	});
});

test("an order of a v1 producer has no lines, and its double in minor units", () => {
	const order = {
		message_id: "m",
		order_id: "A-1",
		customer_id: "c",
		total_amount: 19.99,
		created_at: 1_767_323_045_678,
	};
	expect(adopted(order, "EUR")).toEqual({
		order_id: "A-1",
		tenant_id: "default",
		customer_id: "c",
		currency: "EUR",
		total_amount: 1_999,
		lines: [],
		payment_token: undefined,
		idempotency_key: undefined,
		body_hash: undefined,
		created_at: "2026-01-02T03:04:05.678Z",
	} as never);
});
