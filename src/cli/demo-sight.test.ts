import { describe, expect, test } from "bun:test";
import type { Subject } from "../contracts/events.ts";
import { addEvent, readEvent, type Sight, type Stage, sightLine, stageOf } from "./demo-sight.ts";

const PLACED = "2026-03-01T12:00:00.000Z";
const facts = {
	message_id: "3b241101-e2bb-4255-8caf-4136c566a962",
	order_id: "order-123456",
	customer_id: "demo",
	currency: "EUR",
	total_amount: 2_740,
	occurred_at: PLACED,
};
const lines = [
	{ sku: "TEA", quantity: 2, unit_price: 950 },
	{ sku: "MUG", quantity: 1, unit_price: 840 },
];
const charge_id = "9f1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d";
const more: Partial<Record<Subject, object>> = {
	"orders.created.v2": { lines },
	"inventory.reserved.v1": { lines },
	"inventory.rejected.v1": { sku: "MUG" },
	"inventory.released.v1": { lines },
	"payments.completed.v1": { charge_id, gateway_reference: "local" },
	"payments.failed.v1": { charge_id, decline_code: "insufficient_funds" },
	"orders.cancelled.v1": { reason: "payment_failed" },
};

function seen(...subjects: Subject[]): Sight {
	const start_ms = Date.parse(PLACED);
	let sight: Sight | undefined;
	for (const [index, subject] of subjects.entries()) {
		const event = readEvent(subject, Buffer.from(JSON.stringify({ ...facts, ...more[subject] })));
		if (event === undefined) throw new Error(`${subject} is not read`);
		sight = addEvent(sight, event, start_ms + index * 8);
	}
	if (sight === undefined) throw new Error("nothing was seen");
	return sight;
}

const created = "orders.created.v2";
const held = "inventory.reserved.v1";
const charged = "payments.completed.v1";
const confirmed = "orders.confirmed.v1";
const declined = "payments.failed.v1";
const cancelled = "orders.cancelled.v1";
const released = "inventory.released.v1";

const ways: [Stage, Subject[]][] = [
	["unknown", [held]],
	["open", [created]],
	["open", [created, held, charged]],
	["decided", [created, confirmed]],
	["ended", [created, held, charged, confirmed]],
	["ended", [confirmed, charged, held, created]],
	["ended", [created, "inventory.rejected.v1", cancelled]],
	["decided", [created, held, declined, cancelled]],
	["ended", [created, held, declined, cancelled, released]],
];

describe("an order", () => {
	for (const [stage, subjects] of ways) {
		test(`is ${stage} after ${subjects.join(", ")}`, () => {
			expect(stageOf(seen(...subjects))).toBe(stage);
		});
	}

	test("is a line that says when, what, for how much, and how it went", () => {
		const line = sightLine(seen(created, held, declined, cancelled, released));
		expect(line).toEndWith(
			"order …123456  2 TEA, 1 MUG                      EUR 27.40  placed → stock held 8 ms " +
				"→ declined (insufficient funds) 16 ms → cancelled 24 ms → stock given back 32 ms",
		);
	});

	test("that comes twice is seen once", () => {
		expect(sightLine(seen(created, held, held))).toEqual(sightLine(seen(created, held)));
	});
});

test("what is not one of our events is passed over", () => {
	expect(readEvent("orders.shipped.v1", Buffer.from("{}"))).toBeUndefined();
	expect(readEvent(created, Buffer.from("{}"))).toBeUndefined();
	expect(readEvent(created, Buffer.from("not JSON"))).toBeUndefined();
});
