import { type ConsumerInfo, DeliverPolicy } from "@nats-io/jetstream";
import { millis } from "nats";
import { type EventStream, eventStreams } from "../contracts/streams.ts";
import type { Session } from "./connection.ts";

/** A durable consumer as the broker sees it. */
export interface Durable {
	readonly durable: string;
	readonly stream: EventStream;
	readonly subjects: readonly string[];
	/** Not delivered yet; delivered and not settled; those of them delivered more than once. */
	readonly pending: number;
	readonly ack_pending: number;
	readonly redelivered: number;
	/** Every message up to this sequence of the stream is settled. */
	readonly settled_sequence: number;
	readonly paused: boolean;
	/** Until the pause is over by itself; 0 without one. */
	readonly pause_rest_ms: number;
}

/** Where a replay begins: a sequence of the stream, or a time in RFC 3339. */
export type ReplayStart = { readonly sequence: number } | { readonly time: string };

/** The broker is too old for a replay. */
export class ReplayError extends Error {
	override readonly name = "ReplayError";
}

/** Of all modules, by name. */
export async function listDurables({ jsm }: Session): Promise<readonly Durable[]> {
	const found: Durable[] = [];
	for (const stream of Object.keys(eventStreams) as EventStream[]) {
		for await (const info of jsm.consumers.list(stream)) {
			if (info.config.durable_name !== undefined) found.push(toDurable(stream, info));
		}
	}
	return found.sort((one, other) => (one.durable < other.durable ? -1 : 1));
}

/** Stops deliveries to all replicas. One that stands already is replaced. */
export async function pauseDurable(
	{ jsm }: Session,
	{ stream, durable }: Durable,
	pause_ms: number,
): Promise<void> {
	const { ts } = await jsm.consumers.info(stream, durable);
	// In the broker's time, which decides when it is over.
	const now_ms = ts === undefined ? Date.now() : Date.parse(ts);
	await jsm.consumers.pause(stream, durable, new Date(now_ms + pause_ms));
}

export async function resumeDurable({ jsm }: Session, { stream, durable }: Durable): Promise<void> {
	await jsm.consumers.resume(stream, durable);
}

/**
 * Lets a durable begin anew from somewhere in the past. What its module has handled it recognises.
 * @returns the sequence of the first message that it may get
 * @throws ReplayError when the broker cannot do that
 */
export async function replayDurable(
	session: Session,
	{ stream, durable }: Durable,
	from: ReplayStart,
): Promise<number> {
	const sequence =
		"sequence" in from ? from.sequence : await firstSince(session, stream, from.time);
	try {
		await session.jsm.consumers.reset(stream, durable, sequence);
	} catch (cause) {
		const text = cause instanceof Error ? cause.message : String(cause);
		throw new ReplayError(`The broker did not reset ${durable}; nats-server 2.14 can. (${text})`, {
			cause,
		});
	}
	return sequence;
}

/** The first message stored at or after a time; the one after the last when there is none. */
export async function firstSince(
	{ js, jsm }: Session,
	stream: string,
	time: string,
): Promise<number> {
	const consumer = await js.consumers.get(stream, {
		deliver_policy: DeliverPolicy.StartTime,
		opt_start_time: time,
		headers_only: true,
	});
	try {
		if ((await consumer.info(true)).num_pending > 0) {
			const messages = await consumer.consume({ max_messages: 1 });
			for await (const message of messages) return message.seq;
		}
		return (await jsm.streams.info(stream)).state.last_seq + 1;
	} finally {
		await consumer.delete().catch(() => undefined);
	}
}

function toDurable(stream: EventStream, info: ConsumerInfo): Durable {
	const { durable_name = "", filter_subject, filter_subjects } = info.config;
	return {
		durable: durable_name,
		stream,
		subjects: filter_subjects ?? (filter_subject === undefined ? [] : [filter_subject]),
		pending: info.num_pending,
		ack_pending: info.num_ack_pending,
		redelivered: info.num_redelivered,
		settled_sequence: info.ack_floor.stream_seq,
		paused: info.paused === true,
		pause_rest_ms: info.paused ? Math.ceil(millis(info.pause_remaining)) : 0,
	};
}
