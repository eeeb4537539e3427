import type { Difference } from "./compare-order.ts";
import type { LiveStore } from "./live-store.ts";

interface StockDifference {
	readonly difference: Difference;
	/** When the SKU was last written to; 0 for one that no table knows. */
	readonly written_ms: number;
}

const SKUS_A_PAGE = 2_000;

/** Goods that come in are told by no event: what is not available any more has to be held. */
export async function compareStock(
	held: ReadonlyMap<string, number>,
	live: LiveStore,
): Promise<StockDifference[]> {
	const found: StockDifference[] = [];
	const unseen = new Set([...held].flatMap(([sku, pieces]) => (pieces === 0 ? [] : [sku])));
	const add = (sku: string, in_database: number, written_ms: number) => {
		unseen.delete(sku);
		const in_log = held.get(sku) ?? 0;
		if (in_log === in_database) return;
		const difference = { kind: "stock.held", sku, log_index: null, in_log, in_database };
		found.push({ difference, written_ms });
	};
	for (let after = ""; ; ) {
		const rows = await live.stock(after, SKUS_A_PAGE);
		for (const row of rows) add(row.sku, row.received - row.available, row.updated_ms);
		const last = rows.at(-1);
		if (last === undefined || rows.length < SKUS_A_PAGE) break;
		after = last.sku;
	}
	for (const sku of unseen) add(sku, 0, 0);
	return found;
}
