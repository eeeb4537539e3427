import { encodeEntry } from "../../contracts/audit-log.ts";
import type { EventStream } from "../../contracts/streams.ts";
import { crashPoint } from "../../crash-point.ts";
import type { StreamMessage } from "../../messaging/reader.ts";
import type { Directory } from "./directory.ts";
import {
	decodePrefixes,
	encodePrefixes,
	occurredMs,
	prefixOfEntry,
	prefixOfMessage,
	withoutCopies,
} from "./recorded-ids.ts";
import type { AuditStore, Position } from "./store.ts";
import { openLog } from "./writer.ts";

/** Another process has written the log since this one opened it. */
export class NotSequencerError extends Error {
	override readonly name = "NotSequencerError";
}

export interface Recorder {
	/** Entries in the log. */
	readonly size: number;
	/** The first message of a stream that is not recorded. */
	next(stream: EventStream): number;
	/**
	 * Appends messages that came in order, each event once, and records how far the streams are read.
	 * May be called again with the same messages after it rejected.
	 * @returns how many entries were added
	 * @throws NotSequencerError
	 */
	record(messages: readonly StreamMessage[]): Promise<number>;
}

/** By how much the clocks of two processes may differ. */
const CLOCK_SKEW_MS = 60_000;

/**
 * Opens the log where it ends. A message is recorded once, since positions advance together with the
 * size; an event that may have been published twice is looked up among the recorded ids.
 * @param created when each stream was made; the position in a former stream of that name does not count
 */
export async function openRecorder(
	store: AuditStore,
	directory: Directory,
	created: ReadonlyMap<EventStream, string>,
): Promise<Recorder> {
	const state = await store.load();
	const { writer, unrecorded } = await openLog(directory, state.size);
	// Crashes left these in the store without a position: their messages come again, unmarked.
	const ended_here = unrecorded.map(prefixOfEntry);
	const before = (await store.leftOver()).flatMap((it) => decodePrefixes(it.id_prefixes));
	const left_over = new Set([...before, ...ended_here]);
	const remade = new Set(
		state.positions
			.filter((it) => it.stream_created_at !== created.get(it.stream))
			.map((it) => it.stream),
	);
	const positions = new Map(state.positions.map((it) => [it.stream, it.sequence]));
	for (const stream of remade) positions.set(stream, 0);
	let size = state.size;
	if (unrecorded.length > 0) await advance(ended_here, []);

	async function advance(prefixes: readonly string[], moved: readonly Position[]) {
		if (!(await store.advance(size, encodePrefixes(prefixes), moved)))
			throw new NotSequencerError();
		size += prefixes.length;
	}

	const mayBeCopy = (message: StreamMessage) =>
		message.republished ||
		remade.has(message.stream) ||
		(left_over.size > 0 && left_over.has(prefixOfMessage(message)));

	async function knownIds(doubtful: readonly StreamMessage[]): Promise<ReadonlySet<string>> {
		const first_ms = Math.min(...doubtful.map(occurredMs));
		const batches = await store.recordedSince(new Date(Math.max(0, first_ms - CLOCK_SKEW_MS)));
		return new Set(batches.flatMap(({ id_prefixes }) => decodePrefixes(id_prefixes)));
	}

	return {
		get size() {
			return size;
		},
		next: (stream) => (positions.get(stream) ?? 0) + 1,
		async record(messages) {
			const doubtful = messages.filter(mayBeCopy);
			const known = doubtful.length > 0 ? await knownIds(doubtful) : new Set<string>();
			const fresh = withoutCopies(messages, mayBeCopy, known);
			// The bundles are there already when only the database failed the last time.
			if (writer.size === size) await writer.append(fresh.map(encodeEntry));
			crashPoint("bundle-written");
			const moved = lastPositions(messages, created);
			await advance(fresh.map(prefixOfMessage), moved);
			for (const { stream, sequence } of moved) positions.set(stream, sequence);
			return fresh.length;
		},
	};
}

function lastPositions(
	messages: readonly StreamMessage[],
	created: ReadonlyMap<EventStream, string>,
): Position[] {
	const last = new Map(messages.map(({ stream, sequence }) => [stream, sequence]));
	return [...last].map(([stream, sequence]) => ({
		stream,
		sequence,
		stream_created_at: created.get(stream) ?? "",
	}));
}
