import type { BenchDatabase } from "./database.ts";

/** Without progress for so long, what has not ended counts as lost. */
const STUCK_MS_MAX = 60_000;
const POLL_MS_MIN = 20;
/** A question to Postgres takes time away from what is measured: ask again only after so many times as long. */
const POLL_REST = 20;

/** Asks again and again, until `enough` or until the answers have not changed for a minute. */
export async function pollUntil<T>(
	ask: () => Promise<T>,
	enough: (answer: T) => boolean,
): Promise<T> {
	let changed_ms = performance.now();
	let last = "";
	for (;;) {
		const asked_ms = performance.now();
		const answer = await ask();
		const now_ms = performance.now();
		if (JSON.stringify(answer) !== last) changed_ms = now_ms;
		last = JSON.stringify(answer);
		if (enough(answer) || now_ms - changed_ms > STUCK_MS_MAX) return answer;
		await Bun.sleep(Math.max(POLL_MS_MIN, (now_ms - asked_ms) * POLL_REST));
	}
}

/**
 * Watches how many orders have not ended, at little cost.
 * @param isLoaded whether all orders were sent and answered
 */
export function watchPending(database: BenchDatabase, isLoaded: () => boolean) {
	let first = "";
	return async (): Promise<number> => {
		// While orders come in, one that was given its id earlier may still be on its way to the table.
		const settled = isLoaded();
		const pending = await database.pending(first);
		if (settled && pending.first !== undefined) first = pending.first;
		return pending.count;
	};
}
