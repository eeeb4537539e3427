import { describe, expect, test } from "bun:test";
import type { Subject } from "../../src/contracts/events.ts";
import { messageId } from "../../src/contracts/identity.ts";
import { CLEAN, judgeState, type Verdict } from "../support/verdict.ts";
import type { State } from "../support/verdict-state.ts";

const order_id = "order-1";
const charge_id = messageId("payment.charge", order_id);
const accepted = new Map([[0, order_id]]);

const entry = (subject: Subject, key = order_id) => ({
	subject,
	message_id: messageId(subject, key),
	order_id,
});

const order = {
	order_id,
	status: "confirmed",
	reason: null,
	total_amount: 500,
	currency: "EUR",
	idempotency_key: "order-0",
} as const;
const charge = {
	order_id,
	charge_id,
	kind: "charge",
	state: "succeeded",
	amount: 500,
	attempts: 1,
} as const;
const moved = { key: charge_id, kind: "charge", order_id, amount: 500, currency: "EUR" } as const;
const held = { order_id, status: "held", lines: [{ sku: "a", quantity: 2 }] } as const;

/** One order that is confirmed, and nothing wrong with it. */
const good: State = {
	orders: [order],
	charges: [charge],
	reservations: [held],
	stock: [{ sku: "a", received: 10, available: 8 }],
	ledger: [moved],
	audit: [
		entry("orders.created.v2"),
		entry("inventory.reserved.v1"),
		entry("payments.completed.v1"),
		entry("orders.confirmed.v1"),
	],
	audit_size: 4,
};
const cancelled = { ...order, status: "cancelled", reason: "deadline" } as const;

/** A state in which exactly this promise, or this one at least, is broken. */
const planted: Record<keyof Verdict, State> = {
	lost: { ...good, orders: [] },
	invented: { ...good, orders: [order, { ...order, order_id: "order-2" }] },
	not_ended: { ...good, orders: [{ ...order, status: "pending" }] },
	charged_twice: { ...good, ledger: [moved, { ...moved, key: "another" }] },
	charged_without_order: { ...good, ledger: [moved, { ...moved, order_id: "order-2" }] },
	charged_another_amount: { ...good, ledger: [{ ...moved, amount: 499 }] },
	ledger_mismatched: { ...good, charges: [{ ...charge, state: "declined" }] },
	confirmed_without_charge: { ...good, ledger: [], charges: [] },
	confirmed_without_stock: { ...good, reservations: [{ ...held, status: "released" }] },
	money_kept: { ...good, orders: [cancelled] },
	stock_kept: { ...good, orders: [cancelled] },
	oversold: { ...good, stock: [{ sku: "a", received: 10, available: 9 }] },
	audit_missing: { ...good, audit: good.audit.slice(1), audit_size: 3 },
	audit_doubled: { ...good, audit: [...good.audit, entry("orders.created.v2")], audit_size: 5 },
	audit_unfounded: { ...good, audit: [...good.audit, entry("orders.cancelled.v1")] },
	audit_size_off: { ...good, audit_size: 5 },
};

describe("the verdict", () => {
	test("finds nothing where nothing is wrong", () => {
		expect(judgeState(good, { accepted })).toEqual(CLEAN);
	});

	for (const [promise, state] of Object.entries(planted)) {
		test(`finds a planted breach: ${promise}`, () => {
			expect(judgeState(state, { accepted })[promise as keyof Verdict]).toBe(1);
		});
	}

	test("does not mind what outsiders publish twice", () => {
		const foreign = { ...entry("orders.created.v1"), message_id: undefined };
		const audit = [...good.audit, foreign, foreign];
		expect(judgeState({ ...good, audit, audit_size: 6 }, { accepted })).toEqual(CLEAN);
	});
});
