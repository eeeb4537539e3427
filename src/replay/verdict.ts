import { compareOrder, type Difference, lastWritten } from "./compare-order.ts";
import type { LiveOrder } from "./live-rows.ts";
import type { LiveStore } from "./live-store.ts";
import type { OpenField } from "./open-fields.ts";
import type { RebuiltStore } from "./rebuilt-store.ts";
import { createDifferences } from "./report.ts";

export type Verdict = ReturnType<typeof createVerdict>;

/** What does not agree, apart from what a step in progress may explain. */
export function createVerdict(rebuilt: RebuiltStore) {
	const differences = createDifferences();
	let open = 0;
	return {
		/** @param settled_ms what was written to later may be in progress */
		addOrder(
			order_id: string,
			found: LiveOrder | undefined,
			settled_ms: number,
			openField: OpenField,
		) {
			if ((lastWritten(found) ?? 0) > settled_ms) open += 1;
			else
				for (const it of compareOrder(order_id, rebuilt.find(order_id), found, openField))
					differences.add(it);
		},
		addStock(difference: Difference, written_ms: number, settled_ms: number) {
			if (written_ms > settled_ms) open += 1;
			else differences.add(difference);
		},
		/** What the log says against itself. */
		addContradictions() {
			for (const { order_id, log_index, step, first, then } of rebuilt.contradictions) {
				const in_log = `${first}, and then ${then}`;
				differences.add({ kind: `log.${step}`, order_id, log_index, in_log, in_database: null });
			}
		},
		result: () => ({ open, first: differences.first(), differences: differences.byKind }),
	};
}

/** While events wait to be published, the log cannot tell what happened since the oldest of them. */
export async function settledMs(live: LiveStore, settle_ms: number): Promise<number> {
	if (settle_ms === 0) return Number.POSITIVE_INFINITY;
	const { now_ms } = await live.begin();
	return Math.min(now_ms - settle_ms, ...(await live.unpublishedSince()));
}
