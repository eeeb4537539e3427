import type { FaultName } from "./faults.ts";

/** What happened since the start. */
export interface Counts {
	/** By status; `none` for requests that were not answered in full. */
	readonly requests: Record<string, number>;
	readonly faults: Partial<Record<FaultName | "outage", number>>;
	replays: number;
	webhooks: { sent: number; delivered: number; given_up: number };
}

export function createCounts(): Counts {
	return {
		requests: {},
		faults: {},
		replays: 0,
		webhooks: { sent: 0, delivered: 0, given_up: 0 },
	};
}

export function countUp<K extends string>(counts: Partial<Record<K, number>>, name: K): void {
	counts[name] = (counts[name] ?? 0) + 1;
}
