import { messageId } from "../../src/contracts/identity.ts";
import type { FindingKind } from "../../src/verify/findings.ts";
import type { Books } from "./verdict-books.ts";

const chargeId = (order_id: string) => messageId("payment.charge", order_id);
const refundId = (order_id: string) => messageId("payment.refund", order_id);
const EUR = { amount: 500, currency: "EUR" } as const;
const order = (order_id: string, status: "pending" | "confirmed" | "cancelled") =>
	({ order_id, status, ...EUR }) as const;
const charge = (order_id: string, state: Books["charges"][number]["state"], refunded = 0) =>
	({
		order_id,
		kind: "charge",
		request_id: "",
		charge_id: chargeId(order_id),
		state,
		refunded,
		...EUR,
	}) as const;
const refund = (order_id: string, state: Books["charges"][number]["state"]) =>
	({ ...charge(order_id, state), kind: "refund", charge_id: refundId(order_id) }) as const;
const taken = (order_id: string) =>
	({ kind: "charge", key: chargeId(order_id), order_id, ...EUR }) as const;
const given = (order_id: string) =>
	({ kind: "refund", key: refundId(order_id), order_id, ...EUR }) as const;
const lines = [{ sku: "pen", quantity: 2 }];
const reservation = (order_id: string, status: "held" | "rejected" | "released") =>
	({ order_id, status, lines }) as const;

export const events = (order_id: string, ...subjects: string[]) =>
	subjects.map((subject) => ({ subject, order_id }));
const CREATED = "orders.created.v2";
const RESERVED = "inventory.reserved.v1";
const CANCELLED = "orders.cancelled.v1";
const CONFIRMED = [CREATED, RESERVED, "payments.completed.v1", "orders.confirmed.v1"];

/** An order of every kind, and nothing wrong with any of them. */
export function goodBooks(): Books {
	return {
		orders: [
			order("sold", "confirmed"),
			order("adopted", "confirmed"),
			order("refunded", "cancelled"),
			order("declined", "cancelled"),
			order("empty", "cancelled"),
			order("early", "cancelled"),
			order("young", "pending"),
		],
		reservations: [
			reservation("sold", "held"),
			{ ...reservation("adopted", "held"), lines: [] },
			reservation("refunded", "released"),
			reservation("declined", "released"),
			reservation("empty", "rejected"),
			{ ...reservation("early", "released"), lines: [] },
			reservation("young", "held"),
		],
		stock: [
			{ sku: "pen", received: 10, available: 6 },
			{ sku: "cap", received: 5, available: 5 },
		],
		charges: [
			charge("sold", "succeeded"),
			charge("adopted", "succeeded"),
			charge("refunded", "succeeded", 500),
			refund("refunded", "succeeded"),
			charge("declined", "declined"),
			charge("early", "void"),
			charge("young", "in_flight"),
		],
		ledger: [taken("sold"), taken("adopted"), taken("refunded"), given("refunded")],
		log: [
			...events("sold", ...CONFIRMED, "orders.created.v1"),
			...events("adopted", ...CONFIRMED),
			...events("refunded", CREATED, RESERVED, "payments.completed.v1", CANCELLED),
			...events("refunded", "inventory.released.v1"),
			{ subject: "payments.refunded.v1", order_id: "refunded", refund_id: refundId("refunded") },
			...events("declined", CREATED, RESERVED, "payments.failed.v1", CANCELLED),
			...events("declined", "inventory.released.v1"),
			...events("empty", CREATED, "inventory.rejected.v1", CANCELLED),
			...events("early", CREATED, CANCELLED),
			...events("young", CREATED, RESERVED),
		],
	};
}

const without = <T extends { readonly order_id: string }>(rows: readonly T[], order_id: string) =>
	rows.filter((row) => row.order_id !== order_id);

function change<T extends { readonly order_id: string }>(
	rows: T[],
	order_id: string,
	changed: Partial<T>,
): void {
	const at = rows.findIndex((row) => row.order_id === order_id);
	rows[at] = { ...(rows[at] as T), ...changed };
}

export type Found = Partial<Record<FindingKind, number>>;
export interface Lie {
	plant(books: Books): void;
	/** Everything that is found, as one lie may contradict several others. */
	readonly found: Found;
}

/** For each kind of finding, what has to be found because of it. */
export const lies: Record<Exclude<FindingKind, "log_unreadable">, Record<string, Lie>> = {
	order_lost: {
		"an accepted order is nowhere": {
			plant(books) {
				for (const rows of ["orders", "reservations", "charges", "ledger", "log"] as const)
					books[rows] = without(books[rows] as { order_id: string }[], "young") as never;
				books.stock[0] = { sku: "pen", received: 10, available: 8 };
			},
			found: { order_lost: 1 },
		},
	},
	order_overdue: {
		"an order is pending for a day": {
			plant: (books) => change(books.orders, "young", { age_s: 86_400 }),
			found: { order_overdue: 1 },
		},
	},
	confirmed_uncharged: {
		"nothing was charged": {
			plant(books) {
				books.charges = without(books.charges, "sold");
				books.ledger = without(books.ledger, "sold");
			},
			found: { confirmed_uncharged: 1, event_unfounded: 1 },
		},
	},
	charged_twice: {
		"under another key": {
			plant: (books) => void books.ledger.push({ ...taken("sold"), key: "another" }),
			found: { charged_twice: 1, unmatched_gateway: 1 },
		},
	},
	amount_mismatch: {
		"the gateway took more": {
			plant: (books) => change(books.ledger, "sold", { amount: 501 }),
			found: { amount_mismatch: 1 },
		},
		"the gateway took another currency": {
			plant: (books) => change(books.ledger, "sold", { currency: "USD" }),
			found: { amount_mismatch: 1 },
		},
		"the order says less": {
			plant: (books) => change(books.orders, "sold", { amount: 499 }),
			found: { amount_mismatch: 1 },
		},
	},
	unmatched_gateway: {
		"a charge that has no row": {
			plant: (books) => void books.ledger.push(taken("young"), { ...taken("empty"), key: "other" }),
			found: { unmatched_gateway: 1, money_kept: 1 },
		},
		"a charge that was declined here": {
			plant: (books) => void books.ledger.push(taken("declined")),
			found: { unmatched_gateway: 1, money_kept: 1 },
		},
		"a charge of an order that is not there": {
			plant: (books) => void books.ledger.push(taken("nobody")),
			found: { unmatched_gateway: 1 },
		},
	},
	unmatched_local: {
		"a charge": {
			plant(books) {
				books.ledger = without(books.ledger, "sold");
			},
			found: { unmatched_local: 1, confirmed_uncharged: 1 },
		},
		"a refund": {
			plant: (books) => void books.ledger.pop(),
			found: { unmatched_local: 1, money_kept: 1 },
		},
	},
	charge_without_order: {
		"the row of a charge": {
			plant: (books) => void books.charges.push(charge("nobody", "pending")),
			found: { charge_without_order: 1 },
		},
	},
	money_kept: {
		"nothing was refunded": {
			plant(books) {
				books.charges = books.charges.filter(({ kind }) => kind === "charge");
				change(books.charges, "refunded", { refunded: 0 });
				books.ledger.pop();
				books.log = books.log.filter(({ refund_id }) => refund_id === undefined);
			},
			found: { money_kept: 1 },
		},
	},
	refunded_too_much: {
		"by the gateway": {
			plant(books) {
				books.ledger.push({ ...given("refunded"), key: "again" });
			},
			found: { refunded_too_much: 1, refund_unasked: 1 },
		},
		"asked for": {
			plant: (books) =>
				void books.charges.push({
					...refund("refunded", "pending"),
					request_id: "second",
					charge_id: crypto.randomUUID(),
					amount: 1,
				}),
			found: { refunded_too_much: 1, refunds_off: 1 },
		},
	},
	refund_unasked: {
		"of an order that was sold": {
			plant: (books) => void books.ledger.push({ ...given("sold"), amount: 100 }),
			found: { refund_unasked: 1 },
		},
	},
	refunds_off: {
		"the charge says less": {
			plant: (books) => change(books.charges, "refunded", { refunded: 499 }),
			found: { refunds_off: 1 },
		},
	},
	charge_unresolved: {
		"a charge is in flight for a day": {
			plant: (books) => change(books.charges, "young", { age_s: 86_400 }),
			found: { charge_unresolved: 1 },
		},
	},
	charge_parked: {
		"a charge waits for a person": {
			plant: (books) => change(books.charges, "young", { state: "manual" }),
			found: { charge_parked: 1 },
		},
	},
	confirmed_without_stock: {
		"its reservation was rejected": {
			plant(books) {
				change(books.reservations, "adopted", { status: "rejected" });
			},
			found: { confirmed_without_stock: 1, event_missing: 1, event_unfounded: 1 },
		},
	},
	stock_kept: {
		"a declined order still holds": {
			plant(books) {
				change(books.reservations, "declined", { status: "held" });
				books.stock[0] = { sku: "pen", received: 10, available: 4 };
				books.log = books.log.filter(
					({ order_id, subject }) => order_id !== "declined" || subject !== "inventory.released.v1",
				);
			},
			found: { stock_kept: 1 },
		},
	},
	stock_without_order: {
		"nobody's goods": {
			plant(books) {
				books.reservations.push(reservation("nobody", "held"));
				books.stock[0] = { sku: "pen", received: 10, available: 4 };
				books.log.push(...events("nobody", RESERVED));
			},
			found: { stock_without_order: 1 },
		},
	},
	stock_mismatch: {
		"more is available than was left": {
			plant(books) {
				books.stock[0] = { sku: "pen", received: 10, available: 7 };
			},
			found: { stock_mismatch: 1 },
		},
		"less is available than was left": {
			plant(books) {
				books.stock[1] = { sku: "cap", received: 5, available: 4 };
			},
			found: { stock_mismatch: 1 },
		},
		"held and never came in": {
			plant: (books) =>
				change(books.reservations, "adopted", { lines: [{ sku: "ink", quantity: 1 }] }),
			found: { stock_mismatch: 1 },
		},
	},
	event_missing: {
		"of an order": {
			plant(books) {
				books.log.splice(0, 1);
			},
			found: { event_missing: 1 },
		},
		"of a refund": {
			plant(books) {
				books.log = books.log.filter(({ refund_id }) => refund_id === undefined);
			},
			found: { event_missing: 1 },
		},
	},
	event_twice: {
		"of an order": {
			plant: (books) => void books.log.push(...events("empty", CREATED)),
			found: { event_twice: 1 },
		},
		"of a refund": {
			plant(books) {
				books.log.push(...books.log.filter(({ refund_id }) => refund_id !== undefined));
			},
			found: { event_twice: 1 },
		},
	},
	event_unfounded: {
		"it ended otherwise": {
			plant: (books) => void books.log.push(...events("empty", "payments.completed.v1")),
			found: { event_unfounded: 1 },
		},
		"of an order that is not there": {
			plant: (books) => void books.log.push(...events("nobody", CREATED)),
			found: { event_unfounded: 1 },
		},
		"of a refund that was not made": {
			plant: (books) =>
				void books.log.push({
					subject: "payments.refunded.v1",
					order_id: "sold",
					refund_id: refundId("sold"),
				}),
			found: { event_unfounded: 1 },
		},
	},
	log_size_off: {
		"the end of the log was cut off": {
			plant(books) {
				books.log_size = books.log.length + 3;
			},
			found: { log_size_off: 3 },
		},
		"the table lags behind": {
			plant(books) {
				books.log_size = books.log.length - 1;
			},
			found: { log_size_off: 1 },
		},
	},
};
