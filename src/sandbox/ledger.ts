import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Books, createBooks } from "./books.ts";
import { type Journal, openJournal, type Place } from "./journal.ts";
import { createKeys, type Keys } from "./keys.ts";
import type { Entry } from "./records.ts";

/** The ledger cannot be read. The message says where it is broken and what to do. */
export class LedgerError extends Error {
	override readonly name = "LedgerError";
}

/** What the sandbox knows, and its file. */
export interface Ledger {
	readonly books: Books;
	readonly keys: Keys;
	/** Resolves when all that the books show is on the disk. */
	readonly settled: Journal["settled"];
	readonly failed: Journal["failed"];
	/** A time that never goes back, also over starts. */
	now(): number;
	/** Changes the books at once; the change may be told when it is on the disk. */
	commit(entry: Entry): Promise<void>;
	/** The entry at a place, as it was written. */
	read(place: Place): Promise<Entry>;
	close(): Promise<void>;
}

/**
 * Opens the ledger of a folder, made if absent, and reads what it holds.
 * @throws LedgerError when a line other than the last is broken
 */
export async function openLedger(folder: string, key_lifetime_ms: number): Promise<Ledger> {
	const books = createBooks();
	const keys = createKeys(key_lifetime_ms);
	const file = join(folder, "ledger.ndjson");
	let last_ms = 0;

	function apply({ at_ms, intent, refund, answer }: Entry, place: Place) {
		last_ms = at_ms;
		if (intent !== undefined) books.putIntent(intent);
		if (refund !== undefined) books.putRefund(refund);
		if (answer !== undefined) keys.keep(answer, at_ms, place);
	}

	mkdirSync(folder, { recursive: true, mode: 0o700 });
	const journal = await openJournal(file, (line, place) => {
		apply(parseEntry(line, `${file} at byte ${place.offset}`), place);
	});
	return {
		books,
		keys,
		settled: journal.settled,
		failed: journal.failed,
		now: () => Math.max(last_ms, Date.now()),
		commit(entry) {
			const { place, written } = journal.append(JSON.stringify(entry));
			apply(entry, place);
			return written;
		},
		read: async (place) => JSON.parse(await journal.read(place)),
		close: journal.close,
	};
}

function parseEntry(line: string, where: string): Entry {
	try {
		return JSON.parse(line);
	} catch (cause) {
		const way_out = "Put the file back from a copy, or choose another folder with --data-dir.";
		throw new LedgerError(`The ledger is broken: ${where}. ${way_out}`, { cause });
	}
}
