import { HASH_BYTES } from "./hash.ts";
import type { SignerKey, VerifierKey } from "./keys.ts";
import { NoteError, openNote, signNote, unsignedText } from "./note.ts";
import type { TreeHead } from "./proofs.ts";

/** Where the newest checkpoint lies. */
export const CHECKPOINT_PATH = "checkpoint";

/** What the owner of a log signs: that it has `size` entries and their root. */
export interface Checkpoint extends TreeHead {
	/** Which log. */
	readonly origin: string;
	/** Lines behind the root. */
	readonly extensions: readonly string[];
}

/** A checkpoint as C2SP tlog-checkpoint has it: origin, size, root, then extensions, signed as a note. */
export function signCheckpoint(
	{ origin, size, root, extensions }: Checkpoint,
	signers: readonly SignerKey[],
): Uint8Array {
	const lines = [origin, String(size), Buffer.from(root).toString("base64"), ...extensions];
	return Buffer.from(signNote(lines.map((line) => `${line}\n`).join(""), signers));
}

/**
 * @returns the checkpoint and which of the keys signed it
 * @throws NoteError when it is malformed or none of the keys signed it
 */
export function openCheckpoint(
	bytes: Uint8Array,
	keys: readonly VerifierKey[],
): Checkpoint & { readonly signed_by: readonly VerifierKey[] } {
	const { text, signed_by } = openNote(bytes, keys);
	const head = parse(text);
	if (signed_by.some(({ name }) => name !== head.origin))
		throw new NoteError(`a checkpoint of ${head.origin}, not of ${signed_by[0]?.name}`);
	return { ...head, signed_by };
}

/** What a checkpoint says, whoever signed it. */
export function peekCheckpoint(bytes: Uint8Array): Checkpoint {
	return parse(unsignedText(bytes));
}

function parse(text: string): Checkpoint {
	const [origin = "", size = "", base64 = "", ...extensions] = text.slice(0, -1).split("\n");
	const root = Buffer.from(base64, "base64");
	const sound =
		/^(0|[1-9]\d{0,15})$/.test(size) &&
		Number.isSafeInteger(Number(size)) &&
		root.length === HASH_BYTES &&
		root.toString("base64") === base64;
	if (!sound) throw new NoteError("not a checkpoint");
	return { origin, size: Number(size), root, extensions };
}
