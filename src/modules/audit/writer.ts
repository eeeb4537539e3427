import { BUNDLE_WIDTH, bundlePath, encodeBundle } from "../../contracts/audit-log.ts";
import { crashPoint } from "../../crash-point.ts";
import type { NamedObject, ObjectStore } from "../../object-store/object-store.ts";
import { joined } from "../../transparency/hash.ts";
import { layOut, scanBundle } from "../../transparency/scan-bundle.ts";
import { hashesOnLevel, TILE_WIDTH, type Tile, tilePath } from "../../transparency/tiles.ts";
import { growTree, type Tree } from "../../transparency/tree.ts";
import { type Bundle, cutBundles } from "./audit.ts";
import { type Collected, growIndex } from "./indexer.ts";

/** Appends to the bundles and tiles of the log. One process at a time. */
export interface LogWriter {
	/** What is in bundles and tiles. */
	readonly tree: Tree;
	/** Resolves when the entries are durable. Call it again with the same entries after it rejected. */
	append(entries: readonly Uint8Array[]): Promise<void>;
}

/** @param begun the entries of the bundle that is not full */
export function createWriter(
	store: ObjectStore,
	from: Tree,
	begun: readonly Uint8Array[],
	collected: Collected,
): LogWriter {
	let tree = from;
	let tail = begun;
	let index = collected;

	/** Partial ones are of no use when the full one is there. */
	async function discardPartials(tiles: readonly Tile[]) {
		const levels = new Set<number>();
		for (const tile of tiles) {
			if (tile.width < TILE_WIDTH || levels.has(tile.level)) continue;
			levels.add(tile.level);
			if (hashesOnLevel(tree.size, tile.level) % TILE_WIDTH === 0) continue;
			if (tile.level === 0) await store.discard(`${bundlePath(tile.index)}.p`);
			await store.discard(`${tilePath(tile)}.p`);
		}
	}

	return {
		get tree() {
			return tree;
		},
		async append(entries) {
			const bundles = cutBundles(tree.size, tail, entries);
			const objects = bundles.map(bundleObject);
			const scanned = objects.map(({ bytes }, n) =>
				scanBundle(layOut(bytes), n === 0 ? tail.length : 0),
			);
			await store.createInOrder(objects);
			crashPoint("bundle-written");
			const grown = growTree(tree, joined(scanned.map(({ leaves }) => leaves)));
			const indexed = growIndex(
				index,
				scanned.flatMap(({ orders }) => orders),
			);
			await store.create([...grown.tiles.map(tileObject), ...indexed.files]);
			crashPoint("tiles-written");
			await discardPartials(grown.tiles);
			index = indexed.index;
			tree = grown.tree;
			const last = bundles.at(-1);
			tail = last && last.entries.length < BUNDLE_WIDTH ? last.entries : [];
		},
	};
}

function bundleObject({ index, entries }: Bundle): NamedObject {
	const width = entries.length === BUNDLE_WIDTH ? undefined : entries.length;
	return { path: bundlePath(index, width), bytes: encodeBundle(entries) };
}

function tileObject(tile: Tile): NamedObject {
	return { path: tilePath(tile), bytes: tile.hashes };
}
