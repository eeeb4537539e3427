import { type ConsumerMessages, DeliverPolicy, type JsMsg } from "@nats-io/jetstream";
import type { EventStream } from "../contracts/streams.ts";
import type { Broker } from "./connection.ts";
import { headerBytes, headerText, readHeader } from "./headers.ts";

/** A message as it lies on its stream. */
export interface StreamMessage {
	readonly stream: EventStream;
	readonly sequence: number;
	readonly subject: string;
	/** The header block as published, empty when there is none. */
	readonly headers: Uint8Array;
	readonly data: Uint8Array;
	/** What the publisher called it, also when it was redriven; undefined when it has no id in its headers. */
	readonly message_id: string | undefined;
	readonly traceparent: string | undefined;
	/** It may be on a stream twice. */
	readonly republished: boolean;
	/** Messages behind it on the stream. */
	readonly pending: number;
}

/** Where to begin on a stream. */
export interface StreamStart {
	readonly stream: EventStream;
	/** The first message that is wanted. */
	readonly sequence: number;
}

export interface Reading {
	stop(): Promise<void>;
}

const MESSAGES_MAX = 2_000;
const HEARTBEAT_MS = 500;
const EXPIRES_MS = 5_000;

/**
 * Reads streams in order, without acknowledging: whoever reads keeps his own position. A gap, as a
 * lost connection leaves one, is noticed by the client and read again. When it rejects, nothing is read.
 */
export async function readStreams(
	broker: Broker,
	starts: readonly StreamStart[],
	onMessage: (message: StreamMessage) => void,
): Promise<Reading> {
	const { js } = await broker.ready;
	const pulls: ConsumerMessages[] = [];
	let stopped = false;

	async function stop() {
		stopped = true;
		await Promise.all(pulls.map((pull) => pull.close()));
	}

	async function open({ stream, sequence }: StreamStart) {
		const consumer = await js.consumers.get(stream, {
			deliver_policy: DeliverPolicy.StartSequence,
			opt_start_seq: sequence,
		});
		const pull = await consumer.consume({
			max_messages: MESSAGES_MAX,
			expires: EXPIRES_MS,
			idle_heartbeat: HEARTBEAT_MS,
			callback: onlyForward(sequence, (message) => {
				if (!stopped) onMessage(toStreamMessage(stream, message));
			}),
		});
		pulls.push(pull);
	}

	try {
		for (const start of starts) await open(start);
	} catch (error) {
		await stop();
		throw error;
	}
	return { stop };
}

/**
 * Drops what was handed on before. A client that cannot make its consumer anew, as without a quorum, pulls
 * from the former one again; when a server that was started again begins that one from its start, the
 * client takes it for the new one, since it compares the consumer's own count alone (`@nats-io/jetstream` 3.4).
 * @param sequence the first message that is wanted
 */
export function onlyForward<M extends { readonly seq: number }>(
	sequence: number,
	onMessage: (message: M) => void,
): (message: M) => void {
	let next = sequence;
	return (message) => {
		if (message.seq < next) return;
		next = message.seq + 1;
		onMessage(message);
	};
}

/** When each stream was made: a stream made anew begins to count at one again. */
export async function streamsCreated(
	broker: Broker,
	streams: readonly EventStream[],
): Promise<ReadonlyMap<EventStream, string>> {
	const { jsm } = await broker.ready;
	const infos = await Promise.all(
		streams.map(async (stream) => [stream, (await jsm.streams.info(stream)).created] as const),
	);
	return new Map(infos);
}

function toStreamMessage(stream: EventStream, message: JsMsg): StreamMessage {
	const headers = headerBytes(message);
	const text = headerText(headers);
	return {
		stream,
		sequence: message.seq,
		subject: message.subject,
		headers,
		data: message.data,
		message_id: idOf(text),
		traceparent: readHeader(text, "traceparent"),
		republished: readHeader(text, "republished") !== undefined,
		pending: message.info.pending,
	};
}

function idOf(headers: string): string | undefined {
	const repeated = readHeader(headers, "repeated_id");
	return repeated === undefined ? readHeader(headers, "message_id") : repeated || undefined;
}
