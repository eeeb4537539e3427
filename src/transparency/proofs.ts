import { HASH_BYTES, hashNode, hashTree, sameBytes } from "./hash.ts";
import { TILE_WIDTH, type TilePlace, tileWidth } from "./tiles.ts";

const LEVELS_IN_TILE = 8;

/** Gives the hashes of a tile, `width` of them or more. */
export type ReadTile = (place: TilePlace) => Promise<Uint8Array>;

/** Makes proofs about a log of one size from its tiles alone. Tiles are read once. */
export function createProver(size: number, readTile: ReadTile) {
	const read = new Map<string, Promise<Uint8Array>>();

	function tileOf(level: number, index: number): Promise<Uint8Array> {
		const name = `${level}/${index}`;
		const known = read.get(name);
		if (known !== undefined) return known;
		const tile = readTile({ level, index, width: tileWidth(size, level, index) });
		read.set(name, tile);
		return tile;
	}

	/** Of the full subtree over `width` leaves, a power of two, from `from` on. */
	async function hashOfFull(from: number, width: number): Promise<Uint8Array> {
		const height = Math.log2(width);
		const level = Math.floor(height / LEVELS_IN_TILE);
		const count = 2 ** (height % LEVELS_IN_TILE);
		const first = from / TILE_WIDTH ** level;
		const tile = await tileOf(level, Math.floor(first / TILE_WIDTH));
		const at = (first % TILE_WIDTH) * HASH_BYTES;
		return hashTree(tile.subarray(at, at + count * HASH_BYTES));
	}

	async function hashOf(from: number, to: number): Promise<Uint8Array> {
		const left = largestPowerBelow(to - from);
		if (to - from === 1 || left * 2 === to - from) return hashOfFull(from, to - from);
		return hashNode(await hashOfFull(from, left), await hashOf(from + left, to));
	}

	async function inclusionIn(index: number, from: number, to: number): Promise<Uint8Array[]> {
		if (to - from === 1) return [];
		const middle = from + largestPowerBelow(to - from);
		if (index < middle)
			return [...(await inclusionIn(index, from, middle)), await hashOf(middle, to)];
		return [...(await inclusionIn(index, middle, to)), await hashOf(from, middle)];
	}

	async function consistencyIn(old: number, from: number, to: number, whole: boolean) {
		if (old === to) return whole ? [] : [await hashOf(from, to)];
		const middle = from + largestPowerBelow(to - from);
		const proof: Uint8Array[] =
			old <= middle
				? [...(await consistencyIn(old, from, middle, whole)), await hashOf(middle, to)]
				: [...(await consistencyIn(old, middle, to, false)), await hashOf(from, middle)];
		return proof;
	}

	return {
		/** That the entry at an index is in the log: RFC 6962's audit path. */
		async inclusion(index: number): Promise<Uint8Array[]> {
			if (index < 0 || index >= size) throw new RangeError(`the log has no entry ${index}`);
			return inclusionIn(index, 0, size);
		},

		/** That the log of `old` entries is how this one begins: RFC 6962's consistency proof. */
		async consistency(old: number): Promise<Uint8Array[]> {
			if (old < 0 || old > size) throw new RangeError(`the log never had ${old} entries`);
			return old === 0 ? [] : consistencyIn(old, 0, size, true);
		},

		/** What the root was when the log had `old` entries. */
		async rootAt(old: number): Promise<Uint8Array> {
			return old === 0 ? hashTree(new Uint8Array()) : hashOf(0, old);
		},
	};
}

/** Whether a proof leads from a leaf to the root of a log of `size` entries. */
export function provesInclusion(
	at: { readonly index: number; readonly size: number },
	leaf: Uint8Array,
	proof: readonly Uint8Array[],
	root: Uint8Array,
): boolean {
	if (!isCount(at.index) || !isCount(at.size) || at.index >= at.size) return false;
	if (!areHashes(proof)) return false;
	const found = rootFrom(at.index, at.size, leaf, proof);
	return found !== undefined && sameBytes(found, root);
}

/** The root that a proof leads to; undefined when it is too short or too long. */
function rootFrom(
	index: number,
	size: number,
	leaf: Uint8Array,
	proof: readonly Uint8Array[],
): Uint8Array | undefined {
	const sibling = proof.at(-1);
	if (size === 1) return sibling === undefined ? leaf : undefined;
	if (sibling === undefined) return undefined;
	const left = largestPowerBelow(size);
	const rest = proof.slice(0, -1);
	if (index < left) {
		const hash = rootFrom(index, left, leaf, rest);
		return hash && hashNode(hash, sibling);
	}
	const hash = rootFrom(index - left, size - left, leaf, rest);
	return hash && hashNode(sibling, hash);
}

/** What is known of a log at one time. */
export interface TreeHead {
	readonly size: number;
	readonly root: Uint8Array;
}

/** Whether a proof shows that the log of `old` is how that of `now` begins. */
export function provesConsistency(
	old: TreeHead,
	now: TreeHead,
	proof: readonly Uint8Array[],
): boolean {
	if (!isCount(old.size) || !isCount(now.size) || old.size > now.size) return false;
	if (!areHashes(proof)) return false;
	if (old.size === 0) return proof.length === 0 && sameBytes(old.root, hashTree(new Uint8Array()));
	const found = rootsFrom(old, now.size, old.root, proof);
	return found !== undefined && sameBytes(found.old, old.root) && sameBytes(found.now, now.root);
}

/**
 * The roots before and after that a proof leads to; undefined when it is too short or too long.
 * @param known the hash of all of the old log, where the proof leaves it out
 */
function rootsFrom(
	old: Pick<TreeHead, "size">,
	size: number,
	known: Uint8Array | undefined,
	proof: readonly Uint8Array[],
): { old: Uint8Array; now: Uint8Array } | undefined {
	const last = proof.at(-1);
	const rest = proof.slice(0, -1);
	if (old.size === size) {
		const hash = known ?? last;
		const spare = known ? proof : rest;
		return hash && spare.length === 0 ? { old: hash, now: hash } : undefined;
	}
	if (last === undefined) return undefined;
	const left = largestPowerBelow(size);
	if (old.size <= left) {
		const found = rootsFrom(old, left, known, rest);
		return found && { old: found.old, now: hashNode(found.now, last) };
	}
	const found = rootsFrom({ size: old.size - left }, size - left, undefined, rest);
	return found && { old: hashNode(last, found.old), now: hashNode(last, found.now) };
}

function areHashes(proof: readonly Uint8Array[]): boolean {
	return proof.every(({ length }) => length === HASH_BYTES);
}

function isCount(value: number): boolean {
	return Number.isSafeInteger(value) && value >= 0;
}

/** The largest power of two that is smaller than `count`, for a count of at least 2. */
function largestPowerBelow(count: number): number {
	let power = 1;
	while (power * 2 < count) power *= 2;
	return power;
}
