import { isAscii } from "node:buffer";
import { findOrderId } from "./find-text.ts";
import { HASH_BYTES } from "./hash.ts";

/** What the tree and the index have to know of the entries of a bundle. */
export interface ScannedBundle {
	/** The entries' hashes, one behind the other. */
	readonly leaves: Uint8Array;
	/** By entry, 32 bits for the order that it is about; -1 where none can be told. */
	readonly orders: readonly number[];
}

/** A bundle and where its entries are in it. */
interface LaidOut {
	readonly bytes: Buffer;
	/** A character a byte. */
	readonly text: string;
	readonly places: readonly { readonly from: number; readonly to: number }[];
}

/** @param bundle well-formed */
export function layOut(bundle: Uint8Array): LaidOut {
	const bytes = Buffer.from(bundle.buffer, bundle.byteOffset, bundle.length);
	return { bytes, text: bytes.toString("latin1"), places: placesOf(bundle) };
}

/**
 * Hashes the entries of a bundle where they lie, and finds the first order id of each. It is done on the
 * bundle as a whole, since a view or a text of each entry costs more than its hash.
 * @param bundle its bytes are changed and put back on the way
 * @param skipped entries at its beginning that are known already
 */
export function scanBundle({ bytes, text, places: all }: LaidOut, skipped = 0): ScannedBundle {
	const places = all.slice(skipped);
	const leaves = new Uint8Array(places.length * HASH_BYTES);
	const orders: number[] = [];
	let found = findOrderId(text, places[0]?.from);
	let at = 0;
	for (const { from, to } of places) {
		hashInPlace(bytes, from, to, leaves.subarray(at, at + HASH_BYTES));
		at += HASH_BYTES;
		if (found && found.at < from) found = findOrderId(text, from);
		orders.push(found && found.end <= to ? orderHash(found.text) : -1);
	}
	return { leaves, orders };
}

/** @returns undefined when the bytes end within an entry */
export function countEntries(bundle: Uint8Array): number | undefined {
	const places = placesOf(bundle);
	return (places.at(-1)?.to ?? 0) === bundle.length ? places.length : undefined;
}

/** The entries as text, read anew only where the bundle is not ASCII. */
export function textsOf({ bytes, text: all, places }: LaidOut): string[] {
	const text = isAscii(bytes) ? all.slice.bind(all) : bytes.toString.bind(bytes, "utf8");
	return places.map(({ from, to }) => text(from, to));
}

/** 32 bits that stand for an order in the index. */
export function orderHash(order_id: string): number {
	return Bun.hash.xxHash32(order_id);
}

function placesOf(bundle: Uint8Array): { from: number; to: number }[] {
	const places: { from: number; to: number }[] = [];
	for (let at = 0; at < bundle.length; ) {
		const from = at + 2;
		const to = from + ((bundle[at] ?? 0) << 8) + (bundle[at + 1] ?? 0);
		places.push({ from, to });
		at = to;
	}
	return places;
}

/** RFC 6962 hashes 0x00 in front of an entry; the byte that is there is the end of its length. */
function hashInPlace(bundle: Uint8Array, from: number, to: number, hash: Uint8Array) {
	const before = bundle[from - 1] ?? 0;
	bundle[from - 1] = 0;
	Bun.SHA256.hash(bundle.subarray(from - 1, to), hash);
	bundle[from - 1] = before;
}
