import { createCipheriv, createDecipheriv } from "node:crypto";
import { bytesOf, type PersonalPayload, replaceValues, textOf } from "./personal-fields.ts";

/** What a customer's personal fields are sealed with. */
export interface PersonalKey {
	/** Random, and says nothing of the customer. */
	readonly key_id: string;
	/** 32 bytes. */
	readonly key: Uint8Array;
}

/** What is sealed cannot be opened with the key that it names. */
export class SealError extends Error {
	override readonly name = "SealError";
}

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** So much longer than the largest message may be is the largest entry. */
const GROWTH_BYTES_MAX = 4_096;

/** No value of JSON is shorter. */
const LEFT_OUT = "0";

/** Seals the personal fields of a payload with the key of its owner. */
export type Seal = (payload: PersonalPayload, key: PersonalKey) => Uint8Array;

/** The events of an order come one after the other; so many orders are under way at the same time. */
const ORDERS_KNOWN_MAX = 25_000;

/** The last value that a field of an order had. */
interface SealedValue {
	readonly field: string;
	readonly value: string;
	readonly key_id: string;
	readonly sealed: string;
}

/**
 * Seals personal fields, and touches no other byte. The same value in the same field of the same order becomes
 * the same bytes, so that a writer that died goes on with the same files.
 * @returns a function that seals a value once for all events of an order that have it
 */
export function createSealer(): Seal {
	const known = new Map<string, SealedValue[]>();

	function knownOf(order_id: string): SealedValue[] {
		const found = known.get(order_id);
		if (found) return found;
		if (known.size >= ORDERS_KNOWN_MAX) known.clear();
		const none: SealedValue[] = [];
		known.set(order_id, none);
		return none;
	}

	return ({ text, values, order_id }, { key_id, key }) => {
		const before = knownOf(order_id);
		const sealed = replaceValues(text, values, ({ field, from, to }) => {
			const value = text.slice(from, to);
			const place = before.findIndex((it) => it.field === field);
			const last = before[place];
			if (last?.value === value && last.key_id === key_id) return last.sealed;
			const box = seal(value, contextOf(field, order_id), key);
			const next = { field, value, key_id, sealed: `{"sealed":"${key_id}.${box}"}` };
			before[place < 0 ? before.length : place] = next;
			return next.sealed;
		});
		if (sealed.length - text.length <= GROWTH_BYTES_MAX) return sealed;
		// By no contract: the log may not stop for what somebody publishes.
		return replaceValues(text, values, () => LEFT_OUT);
	};
}

/**
 * Opens what stands behind the id of its key.
 * @param box `nonce`, ciphertext and tag, in base64url
 * @returns the value as JSON, a character a byte
 * @throws SealError when it was sealed with another key, for another field or order, or was changed
 */
export function open(box: string, field: string, order_id: string, key: Uint8Array): string {
	const bytes = Buffer.from(box, "base64url");
	const end = bytes.length - TAG_BYTES;
	try {
		const cipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES));
		cipher.setAAD(bytesOf(contextOf(field, order_id)));
		cipher.setAuthTag(bytes.subarray(end));
		const value = cipher.update(bytes.subarray(NONCE_BYTES, end));
		return textOf(Buffer.concat([value, cipher.final()]));
	} catch (cause) {
		const where = `${field} of the order ${order_id}`;
		throw new SealError(`${where} is not what was sealed: run millrace audit verify`, { cause });
	}
}

/** The nonce follows from the value too: one nonce for two values would give both away. */
function seal(value: string, context: string, key: Uint8Array): string {
	const nonce = new Bun.CryptoHasher("sha256", key)
		.update(bytesOf(context + value))
		.digest()
		.subarray(0, NONCE_BYTES);
	const cipher = createCipheriv(CIPHER, key, nonce);
	cipher.setAAD(bytesOf(context));
	const sealed = cipher.update(bytesOf(value));
	return Buffer.concat([nonce, sealed, cipher.final(), cipher.getAuthTag()]).toString("base64url");
}

/** Neither of them has a quotation mark in it. */
function contextOf(field: string, order_id: string): string {
	return `${field}"${order_id}"`;
}
