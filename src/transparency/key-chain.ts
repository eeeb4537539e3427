import { groupedNumber } from "../contracts/audit-log.ts";
import { type Checkpoint, openCheckpoint, signCheckpoint } from "./checkpoint.ts";
import { readVerifierKey, type SignerKey, type VerifierKey } from "./keys.ts";
import { NoteError, unsignedText } from "./note.ts";

/** Where notes lie that pass a log on from one key to the next. */
export const KEYS_FOLDER = "keys";

const FROM = "key ";
const TO = "next-key ";

/** `keys/001` is the first. */
export function keyNotePath(number: number): string {
	return `${KEYS_FOLDER}/${groupedNumber(number)}`;
}

/** A checkpoint that names the key that signs from now on and the one before, and is signed by both. */
export function signKeyNote(head: Checkpoint, from: SignerKey, to: SignerKey): Uint8Array {
	const extensions = [FROM + from.verifier.text, TO + to.verifier.text];
	return signCheckpoint({ ...head, extensions }, [from, to]);
}

/** A key note that both of its keys signed. */
interface KeyNote {
	readonly head: Checkpoint;
	readonly from: VerifierKey;
	readonly to: VerifierKey;
}

/** The keys that have signed a log, the oldest first, and what was signed when it was passed on. */
export interface KeyChain {
	readonly keys: readonly VerifierKey[];
	readonly heads: readonly Checkpoint[];
}

/**
 * Follows a log from key to key.
 * @param notes in their order; none for a log that has had one key
 * @returns undefined when there are no notes
 * @throws NoteError when the notes do not join
 */
export function followKeys(notes: readonly Uint8Array[]): KeyChain | undefined {
	const opened = notes.map(openKeyNote);
	const [first] = opened;
	if (first === undefined) return undefined;
	for (const [n, note] of opened.slice(1).entries())
		if (note.from.text !== opened[n]?.to.text)
			throw new NoteError(
				`key note ${n + 2} goes on from another key than note ${n + 1} ends with`,
			);
	return {
		keys: [first.from, ...opened.map(({ to }) => to)],
		heads: opened.map(({ head }) => head),
	};
}

function openKeyNote(bytes: Uint8Array): KeyNote {
	const lines = unsignedText(bytes).split("\n");
	const named = (prefix: string) => {
		const line = lines.find((it) => it.startsWith(prefix));
		if (line === undefined) throw new NoteError("not a key note");
		return readVerifierKey(line.slice(prefix.length));
	};
	const [from, to] = [named(FROM), named(TO)];
	const { signed_by, ...head } = openCheckpoint(bytes, [from, to]);
	if (signed_by.length !== 2) throw new NoteError("a key note is signed by one of its keys only");
	return { head, from, to };
}
