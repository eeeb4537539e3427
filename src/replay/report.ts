import type { Difference } from "./compare-order.ts";

/** What a replay came to. */
export interface ReplayReport {
	readonly took_ms: number;
	/** Entries of the log that were replayed. */
	readonly size: number;
	/** Entries of other producers, which change nothing by themselves. */
	readonly foreign: number;
	/** Events that were in the log before. */
	readonly repeated: number;
	/** Rows that were rebuilt. */
	readonly rebuilt: {
		readonly orders: number;
		readonly reservations: number;
		readonly charges: number;
		readonly refunds: number;
		readonly skus: number;
	};
	/** SHA-256 over all that was rebuilt: the same for every build over the same log. */
	readonly state_hash: string;
	/** Fields that were not compared, since the customer was forgotten. */
	readonly erased: number;
	/** False where only the log was read. */
	readonly compared: boolean;
	/** Orders and SKUs that did not agree and were written to just now. */
	readonly open: number;
	/** The difference that comes first in the log. */
	readonly first: Difference | null;
	readonly differences: Readonly<Record<string, DifferencesOfKind>>;
}

interface DifferencesOfKind {
	count: number;
	/** The first few, in the order of the log. */
	examples: Difference[];
}

const EXAMPLES_MAX = 5;

/** Counts differences by kind, and keeps those that come first in the log. */
export function createDifferences() {
	const byKind: Record<string, DifferencesOfKind> = {};
	return {
		byKind,
		add(difference: Difference) {
			const ofKind = byKind[difference.kind] ?? { count: 0, examples: [] };
			byKind[difference.kind] = ofKind;
			ofKind.count += 1;
			ofKind.examples = [...ofKind.examples, difference].sort(inLogOrder).slice(0, EXAMPLES_MAX);
		},
		first(): Difference | null {
			const firsts = Object.values(byKind).flatMap(({ examples }) => examples.slice(0, 1));
			return firsts.sort(inLogOrder)[0] ?? null;
		},
	};
}

/** What no event told comes last. */
function inLogOrder(one: Difference, other: Difference): number {
	return place(one) - place(other);
}

function place({ log_index }: Difference): number {
	return log_index ?? Number.MAX_SAFE_INTEGER;
}

export function countDifferences({ differences }: ReplayReport): number {
	return Object.values(differences).reduce((sum, { count }) => sum + count, 0);
}
