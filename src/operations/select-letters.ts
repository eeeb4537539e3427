import type { Session } from "../messaging/connection.ts";
import {
	findLetter,
	lastSequence,
	readLetters,
	type Shelf,
	type StoredLetter,
} from "../messaging/dead-letter-reader.ts";
import { type LetterFilter, matcherOf } from "./letter-filter.ts";

/** Which letters are meant: those named, or all that a filter lets through. */
export type Selection =
	| { readonly sequences: readonly number[] }
	| { readonly filter: LetterFilter };

const CHUNK_LETTERS = 500;

/**
 * Reads the letters meant, in chunks and the oldest first. Those that come in after the call are not among
 * them, so that what fails again is not picked up again.
 */
export async function* selectLetters(
	session: Session,
	shelf: Shelf,
	selection: Selection,
): AsyncGenerator<readonly StoredLetter[]> {
	if ("sequences" in selection) return yield* named(session, shelf, selection.sequences);
	const last = await lastSequence(session, shelf);
	const matches = matcherOf(selection.filter);
	const { module } = selection.filter;
	for (let from_sequence = 1; from_sequence <= last; ) {
		const chunk: StoredLetter[] = [];
		let seen = last;
		const range = { shelf, module, from_sequence, headers_only: false };
		await readLetters(session, range, (letter) => {
			seen = letter.sequence;
			if (seen > last) return false;
			if (matches(letter)) chunk.push(letter);
			return seen < last && chunk.length < CHUNK_LETTERS;
		});
		if (chunk.length > 0) yield chunk;
		from_sequence = seen >= last || chunk.length < CHUNK_LETTERS ? last + 1 : seen + 1;
	}
}

async function* named(session: Session, shelf: Shelf, sequences: readonly number[]) {
	const sorted = [...new Set(sequences)].sort((one, other) => one - other);
	for (let at = 0; at < sorted.length; at += CHUNK_LETTERS) {
		const found = await Promise.all(
			sorted.slice(at, at + CHUNK_LETTERS).map((it) => findLetter(session, shelf, it)),
		);
		const chunk = found.filter((letter) => letter !== undefined);
		if (chunk.length > 0) yield chunk;
	}
}
