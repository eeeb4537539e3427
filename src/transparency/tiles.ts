import { groupedNumber } from "../contracts/audit-log.ts";

/** Hashes in a full tile: eight levels of the tree. */
export const TILE_WIDTH = 256;

/** Where hashes lie: those of level 8·`level` of the tree, from `index`·256 on. */
export interface TilePlace {
	readonly level: number;
	readonly index: number;
	/** Hashes in it, 1 to 256. */
	readonly width: number;
}

/** A tile with its hashes, one behind the other. */
export interface Tile extends TilePlace {
	readonly hashes: Uint8Array;
}

/** `tile/0/x001/234`, and `tile/0/x001/234.p/17` while it has only 17 hashes, as C2SP tlog-tiles has it. */
export function tilePath({ level, index, width }: TilePlace): string {
	const partial = width === TILE_WIDTH ? "" : `.p/${width}`;
	return `tile/${level}/${groupedNumber(index)}${partial}`;
}

/** How many hashes a log of `size` entries has on a level of its tiles. */
export function hashesOnLevel(size: number, level: number): number {
	return Math.floor(size / TILE_WIDTH ** level);
}

/** The tiles at the right edge that are not full, the lowest level first; levels where there is none are left out. */
export function partialTiles(size: number): TilePlace[] {
	const places: TilePlace[] = [];
	for (let level = 0; hashesOnLevel(size, level) > 0; level += 1) {
		const count = hashesOnLevel(size, level);
		const width = count % TILE_WIDTH;
		if (width > 0) places.push({ level, index: Math.floor(count / TILE_WIDTH), width });
	}
	return places;
}

/** How wide the tile at a place is in a log of `size` entries; 0 when there is none. */
export function tileWidth(size: number, level: number, index: number): number {
	return Math.max(0, Math.min(TILE_WIDTH, hashesOnLevel(size, level) - index * TILE_WIDTH));
}
