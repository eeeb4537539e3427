import type { Session } from "./connection.ts";
import { publishEvents } from "./publish.ts";
import type { StreamMemory } from "./stream-memory.ts";

const ROWS_MAX = 20;
const EVENTS_MAX = 1_000;

/**
 * Publishes all that is kept, under the same ids and marked, so that the log looks it up.
 * @returns how many events
 */
export async function publishAgain({ js }: Session, memory: StreamMemory): Promise<number> {
	await memory.waitForWriters();
	let published = 0;
	let after = 0;
	for (;;) {
		const rows = await memory.kept(after, ROWS_MAX);
		const last = rows.at(-1);
		if (last === undefined) return published;
		after = last.outbox_id;
		const events = rows.flatMap((row) => row.events);
		for (let from = 0; from < events.length; from += EVENTS_MAX) {
			await publishEvents(js, events.slice(from, from + EVENTS_MAX), true);
		}
		published += events.length;
	}
}
