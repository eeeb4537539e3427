import type { StockLine } from "../../contracts/inventory-events.ts";

/** What an order asks to be held: each SKU once. */
export interface Demand {
	readonly order_id: string;
	readonly lines: readonly StockLine[];
}

/** `sku` is the first that does not suffice. */
export type Decision =
	| { readonly status: "held"; readonly demand: Demand }
	| { readonly status: "rejected"; readonly demand: Demand; readonly sku: string };

/** Adds up the lines of one SKU, so that two lines cannot both take the last piece. */
export function addUp(lines: readonly StockLine[]): StockLine[] {
	const totals = new Map<string, number>();
	for (const { sku, quantity } of lines) totals.set(sku, (totals.get(sku) ?? 0) + quantity);
	return [...totals].map(([sku, quantity]) => ({ sku, quantity }));
}

/**
 * Decides order by order who gets stock: all lines or none, first come first served.
 * @param available pieces of each SKU; a SKU that is missing has none
 */
export function reserve(
	available: ReadonlyMap<string, number>,
	demands: readonly Demand[],
): Decision[] {
	const left = new Map(available);
	return demands.map((demand) => {
		const short = demand.lines.find(({ sku, quantity }) => (left.get(sku) ?? 0) < quantity);
		if (short) return { status: "rejected", demand, sku: short.sku };
		for (const { sku, quantity } of demand.lines) left.set(sku, (left.get(sku) ?? 0) - quantity);
		return { status: "held", demand };
	});
}
