import type { OutgoingEvent } from "../contracts/events.ts";
import type { Broker } from "./connection.ts";
import type { Republished } from "./headers.ts";
import { publishEvents } from "./publish.ts";

/** Publishes events once more that have been published, and that Postgres knows without an outbox. */
export async function sayAgain(
	broker: Broker,
	events: readonly OutgoingEvent[],
	republished: Republished,
): Promise<void> {
	if (events.length === 0) return;
	const { js } = await broker.ready;
	await publishEvents(js, events, republished);
}
