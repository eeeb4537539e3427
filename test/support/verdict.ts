import type { Subject } from "../../src/contracts/events.ts";
import { messageId } from "../../src/contracts/identity.ts";
import type { Journal } from "./cluster-load.ts";
import type { ChargeRow, State } from "./verdict-state.ts";

/** Each number counts broken promises. */
export interface Verdict {
	/** Accepted, but not in Postgres under the id that was answered. */
	readonly lost: number;
	/** In Postgres, and nobody asked for it. */
	readonly invented: number;
	readonly not_ended: number;
	/** Orders whose money moved more than once, by the gateway's own ledger. */
	readonly charged_twice: number;
	readonly charged_without_order: number;
	readonly charged_another_amount: number;
	/** Ledger and charges do not agree on whether money moved. */
	readonly ledger_mismatched: number;
	readonly confirmed_without_charge: number;
	readonly confirmed_without_stock: number;
	/** Cancelled, charged and not refunded. */
	readonly money_kept: number;
	/** Cancelled, and stock is held for it. */
	readonly stock_kept: number;
	/** SKUs of which what is received, available and held does not add up. */
	readonly oversold: number;
	/** Events that the state implies and the audit log lacks. */
	readonly audit_missing: number;
	readonly audit_doubled: number;
	/** Events in the audit log that the state does not imply. */
	readonly audit_unfounded: number;
	/** Entries by which the log in the store differs from the size in its table. */
	readonly audit_size_off: number;
}

export const CLEAN: Verdict = {
	lost: 0,
	invented: 0,
	not_ended: 0,
	charged_twice: 0,
	charged_without_order: 0,
	charged_another_amount: 0,
	ledger_mismatched: 0,
	confirmed_without_charge: 0,
	confirmed_without_stock: 0,
	money_kept: 0,
	stock_kept: 0,
	oversold: 0,
	audit_missing: 0,
	audit_doubled: 0,
	audit_unfounded: 0,
	audit_size_off: 0,
};

/** Judges a millrace that has come to rest by what clients were told and what was written down. */
export function judgeState(state: State, journal: Pick<Journal, "accepted">): Verdict {
	return {
		...judgeOrders(state, new Set(journal.accepted.values())),
		...judgeMoney(state),
		...judgeStock(state),
		...judgeAudit(state),
	};
}

function judgeOrders({ orders }: State, accepted: ReadonlySet<string>) {
	const stored = new Set(orders.map(({ order_id }) => order_id));
	return {
		lost: count(accepted, (order_id) => !stored.has(order_id)),
		invented: count(stored, (order_id) => !accepted.has(order_id)),
		not_ended: count(orders, ({ status }) => status === "pending"),
	};
}

function judgeMoney({ orders, charges, ledger }: State) {
	const byOrder = new Map(orders.map((order) => [order.order_id, order]));
	const keys = new Map<string, Set<string>>();
	for (const { kind, order_id, key } of ledger) {
		const of = `${kind}/${order_id}`;
		keys.set(of, (keys.get(of) ?? new Set()).add(key));
	}
	const succeeded = new Set(charges.filter((it) => it.state === "succeeded").map(moneyKey));
	const moved = new Set(keys.keys());
	return {
		charged_twice: count(keys.values(), (of) => of.size > 1),
		charged_without_order: count(ledger, ({ order_id }) => !byOrder.has(order_id)),
		charged_another_amount: count(ledger, ({ order_id, amount, currency }) => {
			const order = byOrder.get(order_id);
			return order?.total_amount !== amount || order.currency !== currency;
		}),
		ledger_mismatched:
			count(moved, (of) => !succeeded.has(of)) + count(succeeded, (of) => !moved.has(of)),
		confirmed_without_charge: count(
			orders,
			({ status, order_id }) => status === "confirmed" && !moved.has(`charge/${order_id}`),
		),
		money_kept: count(
			orders,
			({ status, order_id }) =>
				status === "cancelled" &&
				moved.has(`charge/${order_id}`) &&
				!moved.has(`refund/${order_id}`),
		),
	};
}

function judgeStock({ orders, reservations, stock }: State) {
	const held = new Map<string, number>();
	for (const { status, lines } of reservations) {
		if (status !== "held") continue;
		for (const { sku, quantity } of lines) held.set(sku, (held.get(sku) ?? 0) + quantity);
	}
	const status = new Map(reservations.map((it) => [it.order_id, it.status]));
	const holds = (order_id: string) => status.get(order_id) === "held";
	return {
		confirmed_without_stock: count(
			orders,
			(order) => order.status === "confirmed" && !holds(order.order_id),
		),
		stock_kept: count(orders, (order) => order.status === "cancelled" && holds(order.order_id)),
		oversold: count(
			stock,
			({ sku, received, available }) =>
				available < 0 || received - available !== (held.get(sku) ?? 0),
		),
	};
}

function judgeAudit(state: State) {
	const times = new Map<string, number>();
	for (const { message_id = "" } of state.audit)
		times.set(message_id, (times.get(message_id) ?? 0) + 1);
	const implied = new Set(impliedEvents(state));
	// What an outsider published carries another id, or none, and is recorded as often as it came.
	const ours = state.audit.filter(
		({ message_id, subject, order_id }) =>
			message_id !== undefined &&
			(implied.has(message_id) || message_id === messageId(subject, order_id)),
	);
	const ids = new Set(ours.map(({ message_id = "" }) => message_id));
	return {
		audit_missing: count(implied, (id) => !ids.has(id)),
		audit_doubled: count(ids, (id) => (times.get(id) ?? 0) > 1),
		audit_unfounded: count(ids, (id) => !implied.has(id)),
		audit_size_off: Math.abs(state.audit.length - state.audit_size),
	};
}

/** The ids of the events that must have happened for the tables to look as they do. */
function impliedEvents({ orders, charges, reservations, audit }: State): string[] {
	const legacy = new Set(
		audit
			.filter((it) => it.message_id === messageId("orders.created.v1", it.order_id))
			.map(({ order_id }) => order_id),
	);
	return [
		...orders.flatMap(({ order_id, status }) => [
			messageId("orders.created.v2", order_id),
			...(legacy.has(order_id) ? [messageId("orders.created.v1", order_id)] : []),
			...(status === "pending" ? [] : [messageId(`orders.${status}.v1`, order_id)]),
		]),
		...reservations.flatMap(({ order_id, status, lines }) => {
			if (status === "rejected") return [messageId("inventory.rejected.v1", order_id)];
			const wasHeld = status === "held" || lines.length > 0;
			return [
				...(wasHeld ? [messageId("inventory.reserved.v1", order_id)] : []),
				...(wasHeld && status === "released" ? [messageId("inventory.released.v1", order_id)] : []),
			];
		}),
		...charges.flatMap(moneyEvent),
	];
}

function moneyEvent({ kind, order_id, charge_id, state }: ChargeRow): string[] {
	const subjects: Record<string, readonly [Subject, string]> = {
		"charge/succeeded": ["payments.completed.v1", order_id],
		"charge/declined": ["payments.failed.v1", order_id],
		"refund/succeeded": ["payments.refunded.v1", charge_id],
	};
	const event = subjects[`${kind}/${state}`];
	return event === undefined ? [] : [messageId(...event)];
}

function moneyKey({ kind, order_id }: { readonly kind: string; readonly order_id: string }) {
	return `${kind}/${order_id}`;
}

function count<T>(all: Iterable<T>, broken: (it: T) => boolean): number {
	let sum = 0;
	for (const it of all) if (broken(it)) sum += 1;
	return sum;
}
