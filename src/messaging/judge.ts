import type { Subject } from "../contracts/events.ts";
import { DatabaseUnavailableError } from "../database/errors.ts";
import type { Handle, IncomingEvent, Outcome } from "./outcome.ts";

/**
 * Runs a handler over a batch and finds out what becomes of each event. A batch that fails is
 * halved until the event that breaks it stands alone; the rest go through.
 */
export async function judge<S extends Subject>(
	events: readonly IncomingEvent<S>[],
	handle: Handle<S>,
): Promise<readonly Outcome[]> {
	try {
		return await handle(events);
	} catch (error) {
		if (error instanceof DatabaseUnavailableError) {
			return events.map(() => ({ kind: "unavailable", error }));
		}
		if (events.length === 1) return [{ kind: "retry", error }];
		const middle = events.length >> 1;
		return [
			...(await judge(events.slice(0, middle), handle)),
			...(await judge(events.slice(middle), handle)),
		];
	}
}
