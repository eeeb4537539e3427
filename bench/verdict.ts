import type { OrderRow, OrderState } from "./database.ts";

/** What went wrong, each counted in the stores. All zero is well; null is what did not run. */
export interface Verdict {
	/** Orders that were accepted and are missing in Postgres or have not ended. */
	readonly lost: number;
	/** Orders charged twice, charged without being there, or confirmed without a charge. */
	readonly charged_twice: number | null;
	/** SKUs sold beyond what came in, and confirmed orders for which nothing is held. */
	readonly oversold: number | null;
	/** Events that the log should have exactly once and has not, or has although nothing implies them. */
	readonly audit_missing: number | null;
}

export interface Charge {
	readonly kind: string;
	readonly key: string;
	readonly order_id: string;
}

export interface LoggedEvent {
	readonly order_id: string;
	readonly subject: string;
}

type Orders = ReadonlyMap<string, Pick<OrderRow, "status" | "reason">>;

/** @param must_end false while the roles that end orders do not run */
export function countLost(accepted: Iterable<string>, orders: Orders, must_end: boolean): number {
	let lost = 0;
	for (const order_id of accepted) {
		const order = orders.get(order_id);
		if (order === undefined || (must_end && order.status === "pending")) lost += 1;
	}
	return lost;
}

/** @param ledger the gateway's own record of all money it moved */
export function countChargedTwice(orders: Orders, ledger: readonly Charge[]): number {
	const keys = new Map<string, Set<string>>();
	for (const { kind, key, order_id } of ledger) {
		if (kind !== "charge") continue;
		const known = keys.get(order_id);
		if (known) known.add(key);
		else keys.set(order_id, new Set([key]));
	}
	let wrong = 0;
	for (const [order_id, { size }] of keys) if (size > 1 || !orders.has(order_id)) wrong += 1;
	for (const [order_id, { status }] of orders) {
		if (status === "confirmed" && !keys.has(order_id)) wrong += 1;
	}
	return wrong;
}

/** Counts each event of each order that is not in the log exactly as often as the order implies. */
export function countAuditMissing(orders: Orders, log: Iterable<LoggedEvent>): number {
	const found = new Map<string, string[]>();
	for (const { order_id, subject } of log) {
		const subjects = found.get(order_id);
		if (subjects) subjects.push(subject);
		else found.set(order_id, [subject]);
	}
	let wrong = 0;
	for (const [order_id, order] of orders) {
		wrong += countWrong(expectedEvents(order), found.get(order_id) ?? [], isOpen(order));
	}
	for (const [order_id, subjects] of found) if (!orders.has(order_id)) wrong += subjects.length;
	return wrong;
}

/** Entries that the log has in the end for so many orders of each state, at the least. */
export function expectedEntries(states: readonly OrderState[]): number {
	return states.reduce((sum, state) => sum + state.count * expectedEvents(state).length, 0);
}

const CREATED = "orders.created.v2";
const CANCELLED = "orders.cancelled.v1";
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
	pending: [CREATED],
	confirmed: [CREATED, "inventory.reserved.v1", "payments.completed.v1", "orders.confirmed.v1"],
	out_of_stock: [CREATED, "inventory.rejected.v1", CANCELLED],
	payment_failed: [
		CREATED,
		"inventory.reserved.v1",
		"payments.failed.v1",
		CANCELLED,
		"inventory.released.v1",
	],
	cancelled: [CREATED, CANCELLED],
};

function expectedEvents({ status, reason }: Pick<OrderRow, "status" | "reason">) {
	return EXPECTED[reason ?? status] ?? EXPECTED[status] ?? [];
}

/** Whether more events than the expected ones may be right: how far such an order came is not known. */
function isOpen({ status, reason }: Pick<OrderRow, "status" | "reason">): boolean {
	return status === "pending" || (status === "cancelled" && EXPECTED[reason ?? ""] === undefined);
}

function countWrong(expected: readonly string[], found: readonly string[], open: boolean): number {
	const distinct = new Set(found);
	const missing = expected.filter((subject) => !distinct.has(subject)).length;
	const repeated = found.length - distinct.size;
	const unexpected = open ? 0 : [...distinct].filter((it) => !expected.includes(it)).length;
	return missing + repeated + unexpected;
}
