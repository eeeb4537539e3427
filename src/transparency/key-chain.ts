import { groupedNumber } from "../contracts/audit-log.ts";
import { type Checkpoint, openCheckpoint, signCheckpoint } from "./checkpoint.ts";
import { readVerifierKey, type SignerKey, type VerifierKey } from "./keys.ts";
import { NoteError } from "./note.ts";

/** Where notes lie that pass a log on from one key to the next. */
export const KEYS_FOLDER = "keys";

const NEXT_KEY = "next-key ";

/** `keys/001` is the first. */
export function keyNotePath(number: number): string {
	return `${KEYS_FOLDER}/${groupedNumber(number)}`;
}

/** A checkpoint that names the key that signs from now on, signed by it and by the one before. */
export function signKeyNote(head: Checkpoint, from: SignerKey, to: SignerKey): Uint8Array {
	const extensions = [`${NEXT_KEY}${to.verifier.text}`];
	return signCheckpoint({ ...head, extensions }, [from, to]);
}

/** A key note that was found to hold. */
export interface KeyNote {
	readonly head: Checkpoint;
	readonly next: VerifierKey;
}

/**
 * Follows a log from trusted keys to the one that signs now.
 * @param notes in their order
 * @param trusted at least one key
 * @returns the notes that could be followed; the last one's key is the newest. Notes from before the
 * trusted keys are passed over.
 * @throws NoteError when a note behind the first one that could be followed does not hold
 */
export function followKeys(
	notes: readonly Uint8Array[],
	trusted: readonly VerifierKey[],
): KeyNote[] {
	const followed: KeyNote[] = [];
	for (const bytes of notes) {
		const newest = followed.at(-1)?.next;
		const note = openKeyNote(bytes, newest ? [newest] : trusted, newest !== undefined);
		if (note) followed.push(note);
	}
	return followed;
}

function openKeyNote(
	bytes: Uint8Array,
	keys: readonly VerifierKey[],
	required: boolean,
): KeyNote | undefined {
	const head = openIfSigned(bytes, keys, required);
	if (head === undefined) return undefined;
	const [line = ""] = head.extensions;
	if (!line.startsWith(NEXT_KEY)) throw new NoteError("a key note names no key");
	const next = readVerifierKey(line.slice(NEXT_KEY.length));
	openCheckpoint(bytes, [next]);
	return { head, next };
}

function openIfSigned(bytes: Uint8Array, keys: readonly VerifierKey[], required: boolean) {
	try {
		return openCheckpoint(bytes, keys);
	} catch (error) {
		if (error instanceof NoteError && error.unsigned && !required) return undefined;
		throw error;
	}
}
