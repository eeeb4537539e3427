import { encodeEntry } from "../../contracts/audit-log.ts";
import type { EventStream } from "../../contracts/streams.ts";
import type { StreamMessage } from "../../messaging/reader.ts";
import type { ObjectStore } from "../../object-store/object-store.ts";
import { createSealer } from "../../transparency/seal.ts";
import { rootOf } from "../../transparency/tree.ts";
import { createKeyring } from "./keyring.ts";
import { openLog } from "./open-log.ts";
import {
	decodePrefixes,
	encodePrefixes,
	occurredMs,
	prefixOfEntry,
	prefixOfMessage,
	withoutCopies,
} from "./recorded-ids.ts";
import { sealEvents } from "./seal-events.ts";
import { compareWithWitness, openSigner, type SigningKeys } from "./signer.ts";
import type { AuditStore, Position } from "./store.ts";
import type { Witness } from "./witness.ts";

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
	/** Signs what is recorded. May be called again after it rejected. */
	sign(): Promise<void>;
}

/** Where the log is kept, and who signs it. */
export interface LogPlace {
	readonly objects: ObjectStore;
	readonly keys: SigningKeys;
	readonly witness: Witness | undefined;
}

/**
 * Messages of which bundles may be there already. They are sealed once: by the next try a customer may be
 * forgotten, and other bytes would contradict those that are there.
 */
interface Begun {
	readonly messages: readonly StreamMessage[];
	/** Those that are not recorded. */
	readonly fresh: readonly StreamMessage[];
	readonly entries: readonly Uint8Array[];
}

/** By how much the clocks of two processes may differ. */
const CLOCK_SKEW_MS = 60_000;

/**
 * Opens the log where it ends. A message is recorded once, since positions advance together with the
 * size; an event that may have been published twice is looked up among the recorded ids.
 * Signs it too, which is left to do after a crash.
 * @param created when each stream was made; the position in a former stream of that name does not count
 */
export async function openRecorder(
	store: AuditStore,
	{ objects, keys, witness }: LogPlace,
	created: ReadonlyMap<EventStream, string>,
): Promise<Recorder> {
	const state = await store.load();
	const signer = await openSigner(objects, keys, witness);
	const recorded = { size: state.size, root: state.root ?? undefined };
	const { writer, unrecorded } = await openLog(objects, signer.signed, recorded);
	if (witness) await compareWithWitness(objects, writer.tree, keys, witness);
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
	let begun: Begun | undefined;
	const keysOf = createKeyring(store);
	const seal = createSealer();
	if (unrecorded.length > 0) await advance(ended_here, []);
	await signer.sign(writer.tree);

	async function advance(prefixes: readonly string[], moved: readonly Position[]) {
		const root = rootOf(writer.tree);
		if (!(await store.advance(size, encodePrefixes(prefixes), moved, root)))
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

	async function withoutRecorded(messages: readonly StreamMessage[]) {
		const doubtful = messages.filter(mayBeCopy);
		if (doubtful.length === 0) return messages;
		return withoutCopies(messages, mayBeCopy, await knownIds(doubtful));
	}

	async function begin(messages: readonly StreamMessage[]): Promise<Begun> {
		const fresh = await withoutRecorded(messages);
		const entries = (await sealEvents(keysOf, seal, fresh)).map(encodeEntry);
		return { messages, fresh, entries };
	}

	return {
		get size() {
			return size;
		},
		next: (stream) => (positions.get(stream) ?? 0) + 1,
		async record(messages) {
			if (begun?.messages !== messages) begun = await begin(messages);
			const { fresh, entries } = begun;
			// The bundles are there already when only the database failed the last time.
			if (writer.tree.size === size) await writer.append(entries);
			const moved = lastPositions(messages, created);
			await advance(fresh.map(prefixOfMessage), moved);
			for (const { stream, sequence } of moved) positions.set(stream, sequence);
			begun = undefined;
			return fresh.length;
		},
		sign: () => signer.sign(writer.tree),
	};
}

function lastPositions(
	messages: readonly StreamMessage[],
	created: ReadonlyMap<EventStream, string>,
): Position[] {
	const last = new Map<EventStream, number>();
	for (const { stream, sequence } of messages) last.set(stream, sequence);
	return [...last].map(([stream, sequence]) => ({
		stream,
		sequence,
		stream_created_at: created.get(stream) ?? "",
	}));
}
