import type { FindingKind } from "../src/verify/findings.ts";
import type { Report } from "../src/verify/report.ts";
import type { OrderRow, OrderState } from "./database.ts";

/** What went wrong, each counted in the stores. All zero is well; null is what did not run. */
export interface Verdict {
	/** Orders that were accepted and are missing in Postgres or have not ended. */
	readonly lost: number;
	/** What is wrong about money: charged twice, charged for nothing, confirmed unpaid, cancelled and not refunded. */
	readonly charged_twice: number | null;
	/** SKUs that do not add up, confirmed orders for which nothing is held, and stock held for no sale. */
	readonly oversold: number | null;
	/** Events that the log should have exactly once and has not, or has although nothing implies them. */
	readonly audit_missing: number | null;
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

/** What a kind of finding counts as here; null is none of it. */
const COLUMNS: Readonly<Record<FindingKind, Exclude<keyof Verdict, "lost"> | null>> = {
	order_lost: null,
	order_overdue: null,
	confirmed_uncharged: "charged_twice",
	charged_twice: "charged_twice",
	amount_mismatch: "charged_twice",
	unmatched_gateway: "charged_twice",
	unmatched_local: "charged_twice",
	charge_without_order: "charged_twice",
	money_kept: "charged_twice",
	refunded_too_much: "charged_twice",
	refund_unasked: "charged_twice",
	refunds_off: "charged_twice",
	charge_unresolved: "charged_twice",
	charge_parked: "charged_twice",
	confirmed_without_stock: "oversold",
	stock_kept: "oversold",
	stock_without_order: "oversold",
	stock_mismatch: "oversold",
	event_missing: "audit_missing",
	event_twice: "audit_missing",
	event_unfounded: "audit_missing",
	log_size_off: "audit_missing",
	log_unreadable: "audit_missing",
};

export function sumFindings(findings: Report["findings"]) {
	const sums = { charged_twice: 0, oversold: 0, audit_missing: 0 };
	for (const [kind, { count }] of Object.entries(findings)) {
		const column = COLUMNS[kind as FindingKind];
		if (column !== null) sums[column] += count;
	}
	return sums;
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
