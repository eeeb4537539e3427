import type { SignerKey, VerifierKey } from "./keys.ts";

/** A signed text cannot be trusted: it is malformed, or nobody known signed it. */
export class NoteError extends Error {
	override readonly name = "NoteError";
	/** It is well-formed, but nobody of those asked for signed it. */
	readonly unsigned: boolean;

	constructor(message: string, options: ErrorOptions & { readonly unsigned?: boolean } = {}) {
		super(message, options);
		this.unsigned = options.unsigned ?? false;
	}
}

export interface OpenedNote {
	/** The signed text, with its last line break. */
	readonly text: string;
	/** The keys that signed it, of those asked for. */
	readonly signed_by: readonly VerifierKey[];
}

const SIGNATURE = /^— ([^\s+]+) ([A-Za-z0-9+/]+=*)$/;

/** Signs a text that ends in a line break, as C2SP signed-note has it. */
export function signNote(text: string, signers: readonly SignerKey[]): string {
	const lines = signers.map((signer) => {
		const { name, hash } = signer.verifier;
		const bytes = Buffer.concat([Buffer.from(hash, "hex"), signer.sign(text)]);
		return `— ${name} ${bytes.toString("base64")}\n`;
	});
	return `${text}\n${lines.join("")}`;
}

/**
 * Checks the signatures of a note. Those of keys that are not asked for are passed over.
 * @throws NoteError when the note is malformed, one of the keys' signatures is wrong, or none is there
 */
export function openNote(bytes: Uint8Array, keys: readonly VerifierKey[]): OpenedNote {
	const { text, lines } = split(bytes);
	const signed_by = lines.flatMap((line) => verifiedBy(line, text, keys));
	if (signed_by.length === 0) {
		const asked = keys.map(({ name, hash }) => `${name}+${hash}`).join(", ");
		throw new NoteError(`no signature of ${asked}`, { unsigned: true });
	}
	return { text, signed_by };
}

/** The text of a note, whoever signed it. */
export function unsignedText(bytes: Uint8Array): string {
	return split(bytes).text;
}

function split(bytes: Uint8Array): { text: string; lines: string[] } {
	const note = decode(bytes);
	const end = note.lastIndexOf("\n\n");
	if (end < 0 || !note.endsWith("\n")) throw new NoteError("not a signed note");
	return { text: note.slice(0, end + 1), lines: note.slice(end + 2, -1).split("\n") };
}

function verifiedBy(line: string, text: string, keys: readonly VerifierKey[]): VerifierKey[] {
	const [, name, base64 = ""] = SIGNATURE.exec(line) ?? [];
	const signature = Buffer.from(base64, "base64");
	if (name === undefined || signature.toString("base64") !== base64)
		throw new NoteError("a signature line is malformed");
	const hash = signature.subarray(0, 4).toString("hex");
	const key = keys.find((it) => it.name === name && it.hash === hash);
	if (key === undefined) return [];
	if (!key.verifies(text, signature.subarray(4)))
		throw new NoteError(`the signature of ${name}+${hash} is wrong`);
	return [key];
}

function decode(bytes: Uint8Array): string {
	try {
		return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
	} catch (cause) {
		throw new NoteError("not a signed note: it is no UTF-8", { cause });
	}
}
