import { HASH_BYTES, hashTree, joined } from "./hash.ts";
import { hashesOnLevel, partialTiles, TILE_WIDTH, type Tile, type TilePlace } from "./tiles.ts";

/** All of a log's tree that is needed to go on: its size, and its right edge. */
export interface Tree {
	readonly size: number;
	/** By level of tiles, the hashes of the tile that is not full; empty where there is none. */
	readonly edge: readonly Uint8Array[];
}

export const EMPTY_TREE: Tree = { size: 0, edge: [] };

const NOTHING = new Uint8Array();
const TILE_BYTES = TILE_WIDTH * HASH_BYTES;

/**
 * Adds leaves.
 * @param leaves their hashes, one behind the other
 * @returns the tree, and the tiles that are new, the lowest level first
 */
export function growTree(tree: Tree, leaves: Uint8Array): { tree: Tree; tiles: Tile[] } {
	const edge: Uint8Array[] = [];
	const tiles: Tile[] = [];
	let added = leaves;
	for (let level = 0; level < tree.edge.length || added.length > 0; level += 1) {
		const hashes = joined([tree.edge[level] ?? NOTHING, added]);
		const first = Math.floor(hashesOnLevel(tree.size, level) / TILE_WIDTH);
		const full = cut(hashes).map((part, n) => ({
			level,
			index: first + n,
			width: part.length / HASH_BYTES,
			hashes: part,
		}));
		if (added.length > 0) tiles.push(...full);
		const last = full.at(-1);
		edge.push(last && last.width < TILE_WIDTH ? last.hashes : NOTHING);
		added = joined(
			full.filter(({ width }) => width === TILE_WIDTH).map((it) => hashTree(it.hashes)),
		);
	}
	return { tree: { size: tree.size + leaves.length / HASH_BYTES, edge }, tiles };
}

/**
 * RFC 6962's hash over all leaves. 256 is a power of two, so the hash over a level's hashes with that
 * of the unfinished rest behind them is the hash over everything below.
 */
export function rootOf({ edge }: Tree): Uint8Array {
	let rest: Uint8Array = NOTHING;
	for (const hashes of edge) {
		const all = joined([hashes, rest]);
		rest = all.length > 0 ? hashTree(all) : NOTHING;
	}
	return rest.length > 0 ? rest : hashTree(NOTHING);
}

/**
 * The tree of a log that exists.
 * @param readTile gives a tile's hashes, `width` of them or more
 */
export async function loadTree(
	size: number,
	readTile: (place: TilePlace) => Promise<Uint8Array>,
): Promise<Tree> {
	const edge: Uint8Array[] = [];
	for (const place of partialTiles(size)) {
		while (edge.length < place.level) edge.push(NOTHING);
		edge.push((await readTile(place)).subarray(0, place.width * HASH_BYTES));
	}
	return { size, edge };
}

function cut(hashes: Uint8Array): Uint8Array[] {
	const parts: Uint8Array[] = [];
	for (let at = 0; at < hashes.length; at += TILE_BYTES)
		parts.push(hashes.subarray(at, at + TILE_BYTES));
	return parts;
}
