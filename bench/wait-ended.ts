import type { BenchDatabase } from "./database.ts";

/** Without progress for so long, what has not ended counts as lost. */
const STUCK_MS_MAX = 60_000;
const PAUSE_MS_MIN = 20;
/** A question to Postgres takes time away from what is measured: ask again only after so many times as long. */
const PAUSE_FACTOR = 50;

/** Asks again and again, until `enough` or until the answers have not changed for a minute. */
export async function pollUntil(
	ask: () => Promise<number>,
	enough: (answer: number) => boolean,
): Promise<number> {
	let changed_ms = performance.now();
	let last: number | undefined;
	for (;;) {
		const asked_ms = performance.now();
		const answer = await ask();
		const now_ms = performance.now();
		if (answer !== last) changed_ms = now_ms;
		last = answer;
		if (enough(answer) || now_ms - changed_ms > STUCK_MS_MAX) return answer;
		await Bun.sleep(Math.max(PAUSE_MS_MIN, (now_ms - asked_ms) * PAUSE_FACTOR));
	}
}

/**
 * Counts orders that have not ended, each time from the oldest of those found before. While orders
 * come in this can miss some, as one with an earlier id may still be on its way to the table.
 */
export function watchPending(database: BenchDatabase): () => Promise<number> {
	let first = "";
	return async () => {
		const pending = await database.pending(first);
		first = pending.first ?? first;
		return pending.count;
	};
}
