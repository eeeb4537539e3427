import { JetStreamApiError } from "@nats-io/jetstream";
import type { EventStream } from "../contracts/streams.ts";
import type { Session } from "./connection.ts";

/** What tells whether a stream is the one that was there before, with all that it had. */
export interface StreamSight {
	readonly stream_created: string;
	/** The server that answered; empty in a cluster, where a restart loses nothing. */
	readonly server: string;
	/** The last message, 0 when there is none, and when it was stored, as the broker says it. */
	readonly sequence: number;
	readonly stored_at: string;
	/** Of this sight, by the broker's clock. */
	readonly broker_time: string;
}

export async function lookAtStream(
	{ jsm, nc }: Session,
	stream: EventStream,
): Promise<StreamSight> {
	const { created, state, ts } = await jsm.streams.info(stream);
	return {
		stream_created: created,
		server: nc.info?.cluster ? "" : (nc.info?.server_id ?? ""),
		sequence: state.last_seq,
		stored_at: state.last_seq === 0 ? "" : state.last_ts,
		broker_time: ts ?? new Date().toISOString(),
	};
}

/**
 * Why something that was on a stream may not be there any more; undefined when it surely is. A server
 * that was started again may have lost what it had not flushed, behind all that was seen. Sequences are
 * used again after a loss, so that the message that was last is looked at, not only its number.
 */
export async function whatIsLost(
	session: Session,
	stream: EventStream,
	before: StreamSight,
	now: StreamSight,
): Promise<string | undefined> {
	if (now.stream_created !== before.stream_created) return "the stream was made anew";
	if (now.sequence < before.sequence) return "the stream went back";
	if (now.server !== before.server) return "the server was started again";
	if (before.sequence === 0) return undefined;
	const stored_ms = await storedAt(session, stream, before.sequence);
	if (stored_ms === Date.parse(before.stored_at)) return undefined;
	if (stored_ms !== undefined) return "another message has the number of one that was seen";
	const { state } = await session.jsm.streams.info(stream);
	// Purged by an operator: he may take away what is settled.
	return state.first_seq > before.sequence ? undefined : "a message that was seen is gone";
}

const NO_MESSAGE = 10_037;

async function storedAt({ jsm }: Session, stream: EventStream, sequence: number) {
	try {
		const message = await jsm.streams.getMessage(stream, { seq: sequence });
		return message?.time.getTime();
	} catch (error) {
		if (error instanceof JetStreamApiError && error.code === NO_MESSAGE) return undefined;
		throw error;
	}
}
