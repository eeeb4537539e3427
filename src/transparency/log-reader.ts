import { TILE_WIDTH, type TilePlace, tilePath } from "./tiles.ts";

/** Where a log is read from. Paths are relative to its root. */
export interface LogReader {
	/** @returns undefined when there is no such object */
	read(path: string): Promise<Uint8Array | undefined>;
	/** Paths of all objects in a folder and below; of everything for "". */
	list(folder: string): Promise<readonly string[]>;
}

/** The hashes of a tile; of one that grew since, the first ones are the same. */
export async function readTile(
	reader: LogReader,
	place: TilePlace,
): Promise<Uint8Array | undefined> {
	const found = await reader.read(tilePath(place));
	if (found || place.width === TILE_WIDTH) return found;
	return reader.read(tilePath({ ...place, width: TILE_WIDTH }));
}
