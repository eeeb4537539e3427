import { setImmediate } from "node:timers/promises";
import type { BookEntry, Gateway } from "../gateway/gateway.ts";
import { addTallies, decodeTally, type EventTally, encodeTally } from "./event-tally.ts";
import { type LoggedEvent, readEvent } from "./read-event.ts";
import { type LogFiles, readLog } from "./read-log.ts";
import { createSortedSpill, type SortedSpill } from "./sorted-spill.ts";

/** The gateway did not tell what it did. */
class GatewayBooksError extends Error {
	override readonly name = "GatewayBooksError";
}

/** How far the log was read. */
export interface LogReading {
	/** Entries, from the first of all. */
	size: number;
	/** Those among them that others published, or that are about no order. */
	foreign: number;
	/** Files that are there and cannot be read, with why. */
	readonly unreadable: Set<string>;
}

/**
 * Reads the log on from where the last reading ended.
 * @param since_ms leaves out what happened before
 * @param take gets each event of ours
 * @param between is called behind each bundle, after others had their turn
 */
export async function gatherEvents(
	files: LogFiles,
	reading: LogReading,
	since_ms: number | undefined,
	take: (event: LoggedEvent) => void,
	between?: () => void,
): Promise<void> {
	for await (const { first_index, entries, unreadable } of readLog(files, reading.size)) {
		if (unreadable !== undefined) reading.unreadable.add(unreadable);
		// One decoding for all of them: they lie one behind the other in the same bytes.
		const bytes = Buffer.from(entries[0]?.buffer ?? new ArrayBuffer(0));
		const text = bytes.toString("latin1");
		for (const { byteOffset, length } of entries) {
			const event = readEvent(text, byteOffset, byteOffset + length, since_ms);
			if (event === undefined) reading.foreign += 1;
			else take(event);
		}
		reading.size = first_index + entries.length;
		await setImmediate();
		between?.();
	}
}

/**
 * @param take gets each entry of the gateway's books
 * @param between is called behind each page
 * @throws GatewayBooksError
 */
export async function gatherBooks(
	gateway: Gateway,
	since_ms: number,
	take: (entry: BookEntry) => void,
	between?: () => void,
): Promise<void> {
	for await (const page of pagesOf(gateway, since_ms)) {
		for (const entry of page) take(entry);
		between?.();
	}
}

async function* pagesOf(gateway: Gateway, since_ms: number) {
	try {
		yield* gateway.books(since_ms);
	} catch (cause) {
		const { message } = cause as Error;
		throw new GatewayBooksError(`the gateway's books cannot be read: ${message}`, { cause });
	}
}

export function createEventSpill(): SortedSpill<EventTally> {
	return createSortedSpill({ join: addTallies, encode: encodeTally, decode: decodeTally });
}

export function createBookSpill(): SortedSpill<readonly BookEntry[]> {
	return createSortedSpill({
		join: joinEntries,
		encode: JSON.stringify,
		decode: (text): readonly BookEntry[] => JSON.parse(text),
	});
}

/** Each movement once, however often the books were read. */
export function joinEntries(
	known: readonly BookEntry[],
	added: readonly BookEntry[],
): readonly BookEntry[] {
	const fresh = added.filter(
		({ kind, reference }) => !known.some((it) => it.kind === kind && it.reference === reference),
	);
	return fresh.length === 0 ? known : [...known, ...fresh];
}
