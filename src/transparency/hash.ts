/** Bytes of a SHA-256 hash, of which the tree of the log is made. */
export const HASH_BYTES = 32;

const LEAF = 0;
const NODE = 1;
const node = new Uint8Array(1 + 2 * HASH_BYTES);
node[0] = NODE;

/** RFC 6962's hash of an entry: SHA-256 over 0x00 and its bytes. */
export function hashLeaf(entry: Uint8Array): Uint8Array {
	const bytes = new Uint8Array(1 + entry.length);
	bytes[0] = LEAF;
	bytes.set(entry, 1);
	return sha256(bytes);
}

/** The hashes of many entries, one behind the other. */
export function hashLeaves(entries: readonly Uint8Array[]): Uint8Array {
	const hashes = new Uint8Array(entries.length * HASH_BYTES);
	let longest = 0;
	for (const entry of entries) longest = Math.max(longest, entry.length);
	const bytes = new Uint8Array(1 + longest);
	bytes[0] = LEAF;
	let at = 0;
	for (const entry of entries) {
		bytes.set(entry, 1);
		Bun.SHA256.hash(bytes.subarray(0, 1 + entry.length), hashes.subarray(at, at + HASH_BYTES));
		at += HASH_BYTES;
	}
	return hashes;
}

/** RFC 6962's hash of two subtrees: SHA-256 over 0x01 and both hashes. */
export function hashNode(left: Uint8Array, right: Uint8Array): Uint8Array {
	node.set(left, 1);
	node.set(right, 1 + HASH_BYTES);
	return sha256(node);
}

const ROOM_HASHES = 256;
/** Hashes of one tile behind a byte of room, and views of them made once: a view costs as much as a hash. */
const room = new Uint8Array(1 + ROOM_HASHES * HASH_BYTES);
const places = Array.from({ length: ROOM_HASHES }, (_, n) =>
	room.subarray(1 + n * HASH_BYTES, 1 + (n + 1) * HASH_BYTES),
);
/** Two hashes and the byte before them. */
const pairs = Array.from({ length: ROOM_HASHES / 2 }, (_, n) =>
	room.subarray(2 * n * HASH_BYTES, 1 + 2 * (n + 1) * HASH_BYTES),
);

/**
 * RFC 6962's Merkle tree hash over hashes that lie one behind the other. The left subtree is the
 * largest full one, which comes to the same as passing a last hash without a partner one level up.
 */
export function hashTree(hashes: Uint8Array): Uint8Array {
	if (hashes.length === 0) return sha256(new Uint8Array());
	let count = hashes.length / HASH_BYTES;
	if (count > ROOM_HASHES) {
		const left = HASH_BYTES * 2 ** Math.floor(Math.log2(count - 1));
		return hashNode(hashTree(hashes.subarray(0, left)), hashTree(hashes.subarray(left)));
	}
	room.set(hashes, 1);
	while (count > 1) {
		const whole = Math.floor(count / 2);
		for (let n = 0; n < whole; n += 1) {
			const pair = pairs[n] as Uint8Array;
			// The end of the hash before, which nobody needs any more.
			pair[0] = NODE;
			Bun.SHA256.hash(pair, places[n] as Uint8Array);
		}
		if (count % 2 === 1) places[whole]?.set(places[count - 1] as Uint8Array);
		count = whole + (count % 2);
	}
	return room.slice(1, 1 + HASH_BYTES);
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
	return a.length === b.length && Buffer.compare(a, b) === 0;
}

function sha256(bytes: Uint8Array): Uint8Array {
	const hash = new Uint8Array(HASH_BYTES);
	Bun.SHA256.hash(bytes, hash);
	return hash;
}

/** Hashes, one behind the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
	return Buffer.concat(parts);
}
