import { JetStreamApiError, type JetStreamClient } from "@nats-io/jetstream";
import type { OutgoingEvent } from "../contracts/events.ts";
import { eventHeaders, type Republished } from "./headers.ts";

/** An event with what its headers say besides itself. */
export interface Publication {
	readonly event: OutgoingEvent;
	readonly traceparent: string | undefined;
	readonly republished: Republished;
}

const SINGLES_IN_FLIGHT_MAX = 256;

/**
 * Stores events on their stream, all of them when it resolves: as one atomic batch, or one by one
 * when the stream refuses the batch, which it does for a single duplicate in it.
 * @throws the client's error when NATS is away or refuses; some of the events may be stored then.
 */
export async function publishAll(
	js: JetStreamClient,
	publications: readonly Publication[],
): Promise<void> {
	if (publications.length > 1 && (await publishBatch(js, publications))) return;
	const again = publications.length > 1;
	for (let from = 0; from < publications.length; from += SINGLES_IN_FLIGHT_MAX) {
		const part = publications.slice(from, from + SINGLES_IN_FLIGHT_MAX);
		await Promise.all(part.map((publication) => publishOne(js, publication, again)));
	}
}

/** The same for events that go out in the traces they have; `republished` holds for all of them. */
export function publishEvents(
	js: JetStreamClient,
	events: readonly OutgoingEvent[],
	republished: Republished,
): Promise<void> {
	const publications = events.map((event) => ({
		event,
		traceparent: event.traceparent,
		republished,
	}));
	return publishAll(js, publications);
}

async function publishBatch(
	js: JetStreamClient,
	publications: readonly Publication[],
): Promise<boolean> {
	const last = publications.length - 1;
	try {
		const [first, ...rest] = publications as readonly [Publication, ...Publication[]];
		const batch = await js.startBatch(first.event.subject, first.event.data, {
			headers: headersOf(first),
		});
		for (const [index, publication] of rest.entries()) {
			const { subject, data } = publication.event;
			const options = { headers: headersOf(publication) };
			if (index + 1 < last) batch.add(subject, data, { ...options, ack: false });
			else await batch.commit(subject, data, options);
		}
		return true;
	} catch (error) {
		if (isRefusal(error)) return false;
		throw error;
	}
}

/** An answer that says no, as opposed to none. */
function isRefusal(error: unknown): boolean {
	return (
		error instanceof JetStreamApiError ||
		(error instanceof Error && error.message.startsWith("batch didn't contain"))
	);
}

async function publishOne(
	js: JetStreamClient,
	publication: Publication,
	again: boolean,
): Promise<void> {
	const { event, traceparent, republished } = publication;
	await js.publish(event.subject, event.data, {
		headers: eventHeaders(event, traceparent, republished || again).toClient(),
		retries: 3,
	});
}

function headersOf({ event, traceparent, republished }: Publication) {
	return eventHeaders(event, traceparent, republished).toClient();
}
