import type { State, StockRow } from "./verdict-state.ts";

/** A state without what differs from run to run: ids and times. Two runs of a workload can be compared by it. */
export interface Dump {
	/** By position in the workload. */
	readonly orders: readonly {
		readonly status: string;
		readonly reason: string | null;
		readonly amount: string;
	}[];
	readonly stock: readonly StockRow[];
	/** Orders and amounts of each kind, state and currency of a charge. */
	readonly charges: Readonly<Record<string, string>>;
	/** The same of the money that moved by the gateway's ledger. */
	readonly ledger: Readonly<Record<string, string>>;
	/** Entries in the audit log by subject. */
	readonly events: Readonly<Record<string, string>>;
}

export function dumpState(state: State, accepted: ReadonlyMap<number, string>): Dump {
	const byId = new Map(state.orders.map((order) => [order.order_id, order]));
	const positions = [...accepted.keys()].sort((a, b) => a - b);
	const currency = (order_id: string) => byId.get(order_id)?.currency ?? "";
	return {
		orders: positions.map((position) => {
			const order = byId.get(accepted.get(position) ?? "");
			return {
				status: order?.status ?? "lost",
				reason: order?.reason ?? null,
				amount: `${order?.total_amount} ${order?.currency}`,
			};
		}),
		stock: state.stock.toSorted((a, b) => a.sku.localeCompare(b.sku)),
		charges: totals(
			state.charges,
			(it) => `${it.kind} ${it.state} ${currency(it.order_id)}`,
			(it) => it.amount,
		),
		ledger: totals(
			state.ledger,
			(it) => `${it.kind} ${it.currency}`,
			(it) => it.amount,
		),
		events: totals(
			state.audit,
			(it) => it.subject,
			() => 0,
		),
	};
}

function totals<T>(
	rows: readonly T[],
	keyOf: (row: T) => string,
	amountOf: (row: T) => number,
): Record<string, string> {
	const sums = new Map<string, { rows: number; amount: number }>();
	for (const row of rows) {
		const sum = sums.get(keyOf(row)) ?? { rows: 0, amount: 0 };
		sums.set(keyOf(row), { rows: sum.rows + 1, amount: sum.amount + amountOf(row) });
	}
	const lines = [...sums].map(([key, sum]) => [key, `${sum.rows} rows of ${sum.amount}`] as const);
	return Object.fromEntries(lines.sort(([a], [b]) => a.localeCompare(b)));
}
