import { BUNDLE_WIDTH } from "../../contracts/audit-log.ts";
import type { ObjectStore } from "../../object-store/object-store.ts";
import { hashLeaves, sameBytes } from "../../transparency/hash.ts";
import type { TreeHead } from "../../transparency/proofs.ts";
import { TILE_WIDTH, type TilePlace, tilePath } from "../../transparency/tiles.ts";
import { growTree, loadTree, rootOf, type Tree } from "../../transparency/tree.ts";
import { openIndex } from "./indexer.ts";
import { createBundleReader, type ReadBundle } from "./read-end.ts";
import { createWriter, type LogWriter } from "./writer.ts";

/** What the store has contradicts what was signed or recorded. Nothing is signed until a person has looked. */
export class LogInconsistentError extends Error {
	override readonly name = "LogInconsistentError";
}

/** What the database knows of the log. */
export interface RecordedHead {
	readonly size: number;
	/** undefined for a log from before there was a tree. */
	readonly root: Uint8Array | undefined;
}

export interface OpenedLog {
	readonly writer: LogWriter;
	/** Entries that a crash left in the store and the database does not know of. */
	readonly unrecorded: readonly Uint8Array[];
}

/** A tree is brought on by so many bundles at once: a full tile of the level above. */
const BUNDLES_AT_ONCE = TILE_WIDTH;

/**
 * Finds the end of the log in the store, and compares it with what was signed and recorded.
 * @param signed the newest checkpoint; undefined for a log that was never signed
 * @throws LogInconsistentError
 */
export async function openLog(
	store: ObjectStore,
	signed: TreeHead | undefined,
	recorded: RecordedHead,
): Promise<OpenedLog> {
	const from = signed ?? { size: 0, root: undefined };
	let tree = await loadTree(from.size, (place) => readTile(store, place));
	if (from.root && !sameBytes(rootOf(tree), from.root))
		throw new LogInconsistentError(
			`the tiles of the audit store do not lead to the root that was signed for ${from.size} entries`,
		);
	const readBundle = createBundleReader(store, recorded.size);
	const unrecorded: Uint8Array[] = [];
	let end = await beginAt(readBundle, Math.min(from.size, recorded.size));
	for (;;) {
		const { first, entries, finished } = end;
		for (const entry of entries.slice(Math.max(0, recorded.size - first))) unrecorded.push(entry);
		requireSameLeaves(tree, first, entries);
		tree = await bringOn(store, tree, first, entries, recorded);
		if (finished) break;
		end = await readOn(readBundle, first + entries.length);
	}
	const size = end.first + end.entries.length;
	if (size < recorded.size || size < from.size) {
		const known = Math.max(recorded.size, from.size);
		throw new LogInconsistentError(
			`the audit store has ${size} entries, but ${known} are recorded: is it the right store?`,
		);
	}
	const tail = end.entries.slice(end.entries.length - (size % BUNDLE_WIDTH));
	const index = await openIndex(store, size, readBundle);
	return { writer: createWriter(store, tree, tail, index), unrecorded };
}

/** Entries that follow each other; `finished` when there are none behind them. */
interface Stretch {
	readonly first: number;
	readonly entries: readonly Uint8Array[];
	readonly finished: boolean;
}

function beginAt(readBundle: ReadBundle, size: number): Promise<Stretch> {
	return readOn(readBundle, size - (size % BUNDLE_WIDTH));
}

async function readOn(readBundle: ReadBundle, first: number): Promise<Stretch> {
	const entries: Uint8Array[] = [];
	const begin = first / BUNDLE_WIDTH;
	const aligned = begin - (begin % BUNDLES_AT_ONCE) + BUNDLES_AT_ONCE;
	for (let index = begin; index < aligned; index += 1) {
		const bundle = await readBundle(index);
		entries.push(...bundle);
		if (bundle.length < BUNDLE_WIDTH) return { first, entries, finished: true };
	}
	return { first, entries, finished: false };
}

/** What of the bundle at the edge of the tree is signed already has to be what is in it. */
function requireSameLeaves(tree: Tree, first: number, entries: readonly Uint8Array[]) {
	const begun = tree.size - (tree.size % BUNDLE_WIDTH);
	const signed = tree.edge[0];
	if (signed === undefined || begun < first || tree.size > first + entries.length) return;
	const found = hashLeaves(entries.slice(begun - first, tree.size - first));
	if (sameBytes(found, signed)) return;
	throw new LogInconsistentError(
		`the bundle from entry ${begun} on holds something else than what was signed`,
	);
}

/** Adds what the tree does not have yet, and stops over at the recorded size to compare the root. */
async function bringOn(
	store: ObjectStore,
	tree: Tree,
	first: number,
	entries: readonly Uint8Array[],
	recorded: RecordedHead,
): Promise<Tree> {
	const end = first + entries.length;
	let grown = tree;
	for (const stop of [Math.min(recorded.size, end), end]) {
		if (stop > grown.size) {
			const next = growTree(grown, hashLeaves(entries.slice(grown.size - first, stop - first)));
			await store.create(next.tiles.map((tile) => ({ path: tilePath(tile), bytes: tile.hashes })));
			grown = next.tree;
		}
		if (grown.size === recorded.size && recorded.root && !sameBytes(rootOf(grown), recorded.root))
			throw new LogInconsistentError(
				`the audit store does not hold the ${recorded.size} entries that are recorded`,
			);
	}
	return grown;
}

/** The hashes of a tile; of one that grew since, the first ones are the same. */
export async function readTile(store: ObjectStore, place: TilePlace): Promise<Uint8Array> {
	const found =
		(await store.read(tilePath(place))) ??
		(await store.read(tilePath({ ...place, width: TILE_WIDTH })));
	if (found) return found;
	throw new LogInconsistentError(`${tilePath(place)} is not in the audit store`);
}
