/** At a time, so many events: stored by the broker, or in the log. */
export interface Mark {
	readonly at_ms: number;
	readonly events: number;
}

/**
 * How long events waited between two counts that both only grow.
 * @param stored when how many were stored, in order
 * @param recorded when how many were recorded, in order; the last has them all
 * @returns milliseconds for each step of `stored`, each with the number of events that waited so long
 */
export function lags(
	stored: readonly Mark[],
	recorded: readonly Mark[],
): { readonly ms: number; readonly events: number }[] {
	let at = 0;
	let before = 0;
	return stored.map((step) => {
		while (at < recorded.length - 1 && (recorded[at]?.events ?? 0) < step.events) at += 1;
		const events = step.events - before;
		before = step.events;
		return { ms: Math.max(0, (recorded[at]?.at_ms ?? 0) - step.at_ms), events };
	});
}

/** The lag that a share of all events did not exceed, ms. */
export function lagOf(all: ReturnType<typeof lags>, share: number): number {
	const sorted = all.toSorted((a, b) => a.ms - b.ms);
	const wanted = share * sorted.reduce((sum, { events }) => sum + events, 0);
	let seen = 0;
	for (const { ms, events } of sorted) {
		seen += events;
		if (seen >= wanted) return ms;
	}
	return 0;
}
