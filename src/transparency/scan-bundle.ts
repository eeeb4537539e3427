import { HASH_BYTES } from "./hash.ts";

const ORDER_ID = /"order_id"\s*:\s*"([^"\\]*)"/g;
const NOT_ASCII = /[\u0080-\uffff]/;

/** What the tree and the index have to know of the entries of a bundle. */
export interface ScannedBundle {
	/** The entries' hashes, one behind the other. */
	readonly leaves: Uint8Array;
	/** By entry, 32 bits for the order that it is about; -1 where none can be told. */
	readonly orders: readonly number[];
}

/**
 * Hashes the entries of a bundle where they lie, and finds the first order id of each. It is done on the
 * bundle as a whole, since a view or a text of each entry costs more than its hash.
 * @param bundle well-formed; its bytes are changed and put back on the way
 * @param skipped entries at its beginning that are known already
 */
export function scanBundle(bundle: Uint8Array, skipped = 0): ScannedBundle {
	const text = Buffer.from(bundle.buffer, bundle.byteOffset, bundle.length).toString("latin1");
	const places = placesOf(bundle).slice(skipped);
	const leaves = new Uint8Array(places.length * HASH_BYTES);
	const orders: number[] = [];
	let match: RegExpExecArray | null = null;
	ORDER_ID.lastIndex = places[0]?.from ?? 0;
	let searched = false;
	for (const [n, { from, to }] of places.entries()) {
		hashInPlace(bundle, from, to, leaves.subarray(n * HASH_BYTES, (n + 1) * HASH_BYTES));
		if (!searched || (match !== null && match.index < from)) {
			ORDER_ID.lastIndex = from;
			match = ORDER_ID.exec(text);
			searched = true;
		}
		const within = match !== null && match.index + match[0].length <= to;
		orders.push(within ? orderHash(match?.[1] ?? "") : -1);
	}
	return { leaves, orders };
}

/** @returns undefined when the bytes end within an entry */
export function countEntries(bundle: Uint8Array): number | undefined {
	const places = placesOf(bundle);
	return (places.at(-1)?.to ?? 0) === bundle.length ? places.length : undefined;
}

/** The entries as text: the bundle becomes text at once, and again only what of it is not ASCII. */
export function textsOf(bundle: Uint8Array): string[] {
	const bytes = Buffer.from(bundle.buffer, bundle.byteOffset, bundle.length);
	const all = bytes.toString("latin1");
	return placesOf(bundle).map(({ from, to }) => {
		const text = all.slice(from, to);
		return NOT_ASCII.test(text) ? bytes.toString("utf8", from, to) : text;
	});
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
