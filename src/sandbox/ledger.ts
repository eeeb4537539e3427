import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Books, createBooks } from "./books.ts";
import { type Journal, openJournal, type Place } from "./journal.ts";
import { createKeys, type Keys } from "./keys.ts";
import type { Entry } from "./records.ts";

/** The ledger cannot be read. The message says where it is broken and what to do. */
class LedgerError extends Error {
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

	function apply({ at_ms, intent, refund, answer }: Entry, line: Line, place: Place) {
		last_ms = at_ms;
		if (intent !== undefined) books.putIntent(intent, line.intent);
		if (refund !== undefined) books.putRefund(refund, line.refund);
		if (answer !== undefined) keys.keep(answer, at_ms, place);
	}

	mkdirSync(folder, { recursive: true, mode: 0o700 });
	const journal = await openJournal(file, (text, place) => {
		const entry = parseEntry(text, `${file} at byte ${place.offset}`);
		apply(entry, lineOf(entry), place);
	});
	return {
		books,
		keys,
		settled: journal.settled,
		failed: journal.failed,
		now: () => Math.max(last_ms, Date.now()),
		commit(entry) {
			const line = lineOf(entry);
			const { place, written } = journal.append(line.text);
			apply(entry, line, place);
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

/** An entry as text, and its records as they are in it. */
interface Line {
	readonly text: string;
	readonly intent: string;
	readonly refund: string;
}

function lineOf({ at_ms, ...fields }: Entry): Line {
	const intent = fields.intent === undefined ? "" : JSON.stringify(fields.intent);
	const refund = fields.refund === undefined ? "" : JSON.stringify(fields.refund);
	const parts = [`"at_ms":${at_ms}`];
	if (intent !== "") parts.push(`"intent":${intent}`);
	if (refund !== "") parts.push(`"refund":${refund}`);
	if (fields.answer !== undefined) parts.push(`"answer":${JSON.stringify(fields.answer)}`);
	return { text: `{${parts.join(",")}}`, intent, refund };
}
