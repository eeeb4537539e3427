import {
	createHash,
	createPrivateKey,
	createPublicKey,
	type KeyObject,
	randomBytes,
	sign,
	verify,
} from "node:crypto";

/** A text that should be a key is none. */
export class KeyError extends Error {
	override readonly name = "KeyError";
}

/** A key that checks signatures. */
export interface VerifierKey {
	/** Whose key it is; of a log, its origin. */
	readonly name: string;
	/** Eight hexadecimal digits that follow from name and key. */
	readonly hash: string;
	/** `NAME+HASH+BASE64`, as Go's `note` and C2SP signed notes write it. */
	readonly text: string;
	verifies(text: string, signature: Uint8Array): boolean;
}

/** A key that signs, and the one that checks what it signed. */
export interface SignerKey {
	readonly verifier: VerifierKey;
	/** `PRIVATE+KEY+NAME+HASH+BASE64`: a secret. */
	readonly private_text: string;
	sign(text: string): Uint8Array;
}

const ED25519 = 1;
const KEY_BYTES = 32;
const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI_HEAD = Buffer.from("302a300506032b6570032100", "hex");
const PRIVATE = "PRIVATE+KEY+";
const NAME = /^[^\s+]+$/;

/** Makes a new key. @param name of its owner: no blanks and no `+` */
export function generateKey(name: string): SignerKey {
	return signerOf(name, randomBytes(KEY_BYTES));
}

/** @throws KeyError */
export function readSignerKey(text: string): SignerKey {
	const { name, hash, key } = parse(text.startsWith(PRIVATE) ? text.slice(PRIVATE.length) : "");
	const signer = signerOf(name, key);
	if (signer.verifier.hash !== hash) throw new KeyError("the key does not fit its own hash");
	return signer;
}

/** @throws KeyError */
export function readVerifierKey(text: string): VerifierKey {
	if (text.startsWith(PRIVATE)) throw new KeyError("this is a private key; give the public one");
	const { name, hash, key } = parse(text);
	const verifier = verifierOf(name, key);
	if (verifier.hash !== hash) throw new KeyError("the key does not fit its own hash");
	return verifier;
}

function parse(text: string): { name: string; hash: string; key: Buffer } {
	const [, name = "", hash = "", base64 = ""] =
		/^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text) ?? [];
	const bytes = Buffer.from(base64, "base64");
	if (bytes[0] !== ED25519 || bytes.length !== 1 + KEY_BYTES)
		throw new KeyError("not a key: it is NAME+HASH+BASE64 of an Ed25519 key, on one line");
	return { name, hash, key: bytes.subarray(1) };
}

function signerOf(name: string, seed: Buffer): SignerKey {
	if (!NAME.test(name)) throw new KeyError(`"${name}" cannot name a key: no blanks and no +`);
	const der = Buffer.concat([PKCS8_HEAD, seed]);
	const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
	const spki = createPublicKey(key).export({ format: "der", type: "spki" });
	const verifier = verifierOf(name, spki.subarray(SPKI_HEAD.length));
	const encoded = Buffer.concat([Buffer.from([ED25519]), seed]).toString("base64");
	return {
		verifier,
		private_text: `${PRIVATE}${name}+${verifier.hash}+${encoded}`,
		sign: (text) => sign(null, Buffer.from(text), key),
	};
}

function verifierOf(name: string, key: Buffer): VerifierKey {
	const typed = Buffer.concat([Buffer.from([ED25519]), key]);
	const digest = createHash("sha256").update(`${name}\n`).update(typed).digest("hex");
	const hash = digest.slice(0, 8);
	const object = publicKeyOf(key);
	return {
		name,
		hash,
		text: `${name}+${hash}+${typed.toString("base64")}`,
		verifies: (text, signature) => verify(null, Buffer.from(text), object, signature),
	};
}

function publicKeyOf(key: Buffer): KeyObject {
	const der = Buffer.concat([SPKI_HEAD, key]);
	return createPublicKey({ key: der, format: "der", type: "spki" });
}
