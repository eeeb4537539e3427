import type { EventStream } from "../contracts/streams.ts";
import type { Session } from "./connection.ts";
import { firstSince } from "./durables.ts";
import { orUndefined } from "./streams.ts";

/** By how much clocks of servers may differ, and a message may be stored before it is seen. */
const CLOCK_SKEW_MS = 10_000;

/**
 * Lets a durable go back to what it cannot have had: what it has not settled, and all that was stored
 * since the stream was last known to be whole. It may be ahead of its stream, and would then take nothing
 * of what now gets the numbers that it has seen.
 * @param whole_at by the broker's clock
 */
export async function rewindDurable(
	session: Session,
	{ stream, durable }: { readonly stream: EventStream; readonly durable: string },
	whole_at: string,
): Promise<void> {
	const { jsm } = session;
	const info = await orUndefined(jsm.consumers.info(stream, durable));
	// It will be made anew, from the start.
	if (info === undefined) return;
	const first = await firstDoubtful(session, stream, whole_at);
	const from = Math.min(info.ack_floor.stream_seq + 1, first);
	try {
		await jsm.consumers.reset(stream, durable, from);
	} catch {
		// Before nats-server 2.14: what it handled it recognises.
		await jsm.consumers.delete(stream, durable);
	}
}

/** The first message that may not have been on the stream when it was last known to be whole. */
export function firstDoubtful(session: Session, stream: EventStream, whole_at: string) {
	const since = new Date(Date.parse(whole_at) - CLOCK_SKEW_MS).toISOString();
	return firstSince(session, stream, since);
}
