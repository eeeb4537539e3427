import { BUNDLE_WIDTH, bundlePath, decodeBundle, encodeBundle } from "../contracts/audit-log.ts";
import { CHECKPOINT_PATH, type Checkpoint, openCheckpoint } from "./checkpoint.ts";
import { HASH_BYTES, joined, sameBytes } from "./hash.ts";
import { followKeys, KEYS_FOLDER } from "./key-chain.ts";
import { KeyError, type VerifierKey } from "./keys.ts";
import { type LogReader, readTile } from "./log-reader.ts";
import { NoteError } from "./note.ts";
import { encodeIndex, INDEX_WIDTH, indexPath, indexRecords } from "./order-index.ts";
import { createProver, type TreeHead } from "./proofs.ts";
import { countEntries } from "./scan-bundle.ts";
import { type ScannedEntries, scanEntries } from "./scan-entries.ts";
import { type Leftovers, sortObjects } from "./sort-objects.ts";
import { partialTiles, TILE_WIDTH, type Tile, tilePath } from "./tiles.ts";
import { EMPTY_TREE, growTree, rootOf, type Tree } from "./tree.ts";

/** Something that is not as it should be. */
export interface Fault {
	/** The first entry that it touches; undefined when it touches no entry of its own. */
	readonly index: number | undefined;
	readonly message: string;
}

export interface LogVerdict {
	/** What is signed; undefined when nothing is that could be trusted. */
	readonly head: Checkpoint | undefined;
	/** The newest checkpoint as it is in the store. */
	readonly checkpoint: Uint8Array | undefined;
	readonly entries_checked: number;
	/** Entries of other producers that do not keep the contract of their subject. */
	readonly foreign: number;
	/** Objects beyond what is signed, as a running log has them for a moment. */
	readonly unsigned_objects: number;
	/** At most {@link FAULTS_MAX}, in the order of their entries. */
	readonly faults: readonly Fault[];
}

export interface VerifyNeeds {
	readonly reader: LogReader;
	/** Keys that are trusted: one of those that have signed the log. */
	readonly keys: readonly VerifierKey[];
	/** A checkpoint that was seen before. */
	readonly remembered: Uint8Array | undefined;
	onProgress(entries: number, size: number): void;
	/** Does the work of `scanEntries` elsewhere; the bundles are gone then. */
	scan?(bundles: Uint8Array[]): Promise<readonly ScannedEntries[]>;
}

const FAULTS_MAX = 100;
const BUNDLES_AT_ONCE = 16;
/** Read and scanned while the tree grows by those before. */
const STEPS_AHEAD = 4;

/**
 * Checks a log with nothing but its files and a key: every signature, every entry against its
 * contract, every tile and the root by hashing everything anew, and that it goes on from a checkpoint
 * that was seen before.
 */
export async function verifyLog(needs: VerifyNeeds): Promise<LogVerdict> {
	const faults: Fault[] = [];
	const fault = (message: string, index?: number) => {
		if (faults.length < FAULTS_MAX) faults.push({ index, message });
	};
	const signed = await readSigned(needs, fault);
	if (signed === undefined)
		return { ...NOTHING, checkpoint: await needs.reader.read(CHECKPOINT_PATH), faults };
	const { head, checkpoint, heads } = signed;
	const objects = sortObjects(await needs.reader.list(""), head.size);
	for (const path of objects.strange) fault(`${path} is no part of a log`);
	const walk = createWalk(needs, head.size, objects, fault);
	const steps = Math.ceil(head.size / (BUNDLES_AT_ONCE * BUNDLE_WIDTH));
	const ahead: ReturnType<typeof walk.read>[] = [];
	for (let step = 0; step < steps; step += 1) {
		while (ahead.length < STEPS_AHEAD && step + ahead.length < steps) {
			const next = walk.read((step + ahead.length) * BUNDLES_AT_ONCE);
			// It is awaited later: until then a failure is nobody's.
			next.catch(() => {});
			ahead.push(next);
		}
		await walk.take((await ahead.shift()) ?? []);
		needs.onProgress(walk.tree.size, head.size);
	}
	await walk.finish();
	const sound = sameBytes(rootOf(walk.tree), head.root);
	if (!sound) fault("the entries do not lead to the root that is signed");
	else await compareHeads(needs.reader, head, heads, fault);
	faults.sort(
		(a, b) => (a.index ?? Number.POSITIVE_INFINITY) - (b.index ?? Number.POSITIVE_INFINITY),
	);
	return {
		head,
		checkpoint,
		entries_checked: walk.tree.size,
		foreign: walk.foreign,
		unsigned_objects: objects.unsigned,
		faults,
	};
}

const NOTHING = { head: undefined, entries_checked: 0, foreign: 0, unsigned_objects: 0 };

type Say = (message: string, index?: number) => void;

async function readSigned({ reader, keys, remembered }: VerifyNeeds, fault: Say) {
	try {
		const paths = await reader.list(KEYS_FOLDER);
		const notes = await Promise.all(paths.map((path) => reader.read(path)));
		const chain = followKeys(notes.map((note) => note ?? new Uint8Array()));
		const known = chain?.keys ?? keys;
		if (!known.some(({ text }) => keys.some((key) => key.text === text)))
			throw new NoteError("none of the keys that signed this log is the key given");
		const newest = chain ? chain.keys.slice(-1) : keys;
		const checkpoint = await reader.read(CHECKPOINT_PATH);
		if (checkpoint === undefined) throw new NoteError("there is no checkpoint");
		const head = openCheckpoint(checkpoint, newest);
		const heads = (chain?.heads ?? []).map((it) => ({ ...it, what: "a key note" }));
		const seen = remembered && {
			...openCheckpoint(remembered, known),
			what: "the checkpoint that was seen before",
		};
		return { head, checkpoint, heads: [...heads, ...(seen ? [seen] : [])] };
	} catch (error) {
		if (!(error instanceof NoteError || error instanceof KeyError)) throw error;
		fault(error.message);
		return undefined;
	}
}

/** Whether the log goes on from where it was before. */
async function compareHeads(
	reader: LogReader,
	now: TreeHead,
	heads: readonly (TreeHead & { readonly what: string })[],
	fault: Say,
) {
	const prover = createProver(
		now.size,
		async (place) => (await readTile(reader, place)) ?? new Uint8Array(),
	);
	for (const { what, size, root } of heads) {
		if (size > now.size)
			fault(`the log was rolled back: ${what} has ${size} entries, and there are ${now.size}`);
		else if (!sameBytes(await prover.rootAt(size), root))
			fault(`the log is another one: it does not go on from ${what} of ${size} entries`);
	}
}

/** Goes through the entries and hashes everything on the way. */
function createWalk({ reader, scan }: VerifyNeeds, size: number, leftovers: Leftovers, fault: Say) {
	let tree: Tree = EMPTY_TREE;
	let foreign = 0;
	let records: number[] = [];

	/** @param begin the first bundle */
	async function read(begin: number): Promise<readonly ScannedEntries[]> {
		const end = Math.min(begin + BUNDLES_AT_ONCE, Math.ceil(size / BUNDLE_WIDTH));
		const indexes = Array.from({ length: end - begin }, (_, n) => begin + n);
		const bundles = await Promise.all(indexes.map(readBundle));
		return scan ? scan(bundles) : scanEntries(bundles);
	}

	/** Takes what was read, in the order of the log. */
	async function take(scanned: readonly ScannedEntries[]) {
		const first = tree.size;
		for (const [n, it] of scanned.entries()) {
			foreign += it.foreign;
			for (const at of it.broken) sayBroken(first + n * BUNDLE_WIDTH + at);
			const added = indexRecords(first + n * BUNDLE_WIDTH, it.orders);
			for (const record of added) records.push(record);
		}
		const grown = growTree(tree, joined(scanned.map(({ leaves }) => leaves)));
		tree = grown.tree;
		for (const tile of grown.tiles) if (tile.width === TILE_WIDTH) await compareTile(tile);
		await compareIndexes(first, tree.size);
	}

	function sayBroken(index: number) {
		fault(`entry ${index} is not what the contract of its subject says`, index);
	}

	/** A bundle as wide as it has to be, with empty entries for those that are missing. */
	async function readBundle(index: number): Promise<Uint8Array> {
		const first = index * BUNDLE_WIDTH;
		const width = Math.min(BUNDLE_WIDTH, size - first);
		const path = bundlePath(index, width === BUNDLE_WIDTH ? undefined : width);
		const bytes = (await reader.read(path)) ?? (await reader.read(bundlePath(index)));
		const count = bytes && countEntries(bytes);
		const wrong = bundleFault(bytes, count, width);
		if (wrong) fault(`${path} ${wrong}`, first + (Math.min(count ?? 0, width) % width));
		else await comparePartials(index, bytes ?? new Uint8Array());
		if (bytes && count === width) return bytes;
		const entries = bytes && count !== undefined ? decodeBundle(bytes).slice(0, width) : [];
		const missing = Array.from({ length: width - entries.length }, () => new Uint8Array());
		return encodeBundle([...entries, ...missing]);
	}

	/** Narrower bundles that were not taken away have to be how this one begins. */
	async function comparePartials(index: number, bundle: Uint8Array) {
		for (const width of leftovers.bundles.get(index) ?? []) {
			const path = bundlePath(index, width);
			const bytes = await reader.read(path);
			if (bytes === undefined) continue;
			const begins = sameBytes(bytes, bundle.subarray(0, bytes.length));
			if (begins && countEntries(bytes) === width) continue;
			fault(`${path} is not how its bundle begins`, index * BUNDLE_WIDTH);
		}
	}

	/** A tile is made of what is below it, so only the lowest ones tell of entries. */
	async function compareTile(tile: Tile) {
		const { hashes, level, width } = tile;
		const first = level === 0 ? tile.index * TILE_WIDTH : undefined;
		const found = await readTile(reader, tile);
		if (found === undefined) return fault(`${tilePath(tile)} is missing`, first);
		if (found.length > hashes.length && width === TILE_WIDTH)
			fault(`${tilePath(tile)} is too long`, first);
		if (!sameBytes(hashes, found.subarray(0, hashes.length))) {
			const at = hashes.findIndex((byte, n) => byte !== found[n]);
			const index = first === undefined ? undefined : first + Math.floor(at / HASH_BYTES);
			fault(`${tilePath(tile)} and the entries below it differ`, index);
		}
		await compareNarrower(tile, first);
	}

	/** The tiles at the right edge, which are not full. */
	async function finish() {
		for (const place of partialTiles(size))
			await compareTile({ ...place, hashes: tree.edge[place.level] ?? new Uint8Array() });
	}

	/** Narrower tiles that were not taken away have to be how this one begins. */
	async function compareNarrower(tile: Tile, first: number | undefined) {
		for (const width of leftovers.tiles.get(`${tile.level}/${tile.index}`) ?? []) {
			const path = tilePath({ ...tile, width });
			const bytes = await reader.read(path);
			if (bytes === undefined || sameBytes(bytes, tile.hashes.subarray(0, width * HASH_BYTES)))
				continue;
			fault(`${path} is not how its tile begins`, first);
		}
	}

	async function compareIndexes(from: number, to: number) {
		if (Math.floor(to / INDEX_WIDTH) === Math.floor(from / INDEX_WIDTH)) return;
		const number = Math.floor(from / INDEX_WIDTH);
		const found = await reader.read(indexPath(number));
		if (found === undefined) fault(`${indexPath(number)} is missing`);
		else if (!sameBytes(found, encodeIndex(records)))
			fault(`${indexPath(number)} does not say where orders are`);
		records = [];
	}

	return {
		read,
		take,
		finish,
		get tree() {
			return tree;
		},
		get foreign() {
			return foreign;
		},
	};
}

/** What is wrong with a bundle that is to have `width` entries; a partial one may have grown since. */
function bundleFault(
	bytes: Uint8Array | undefined,
	count: number | undefined,
	width: number,
): string | undefined {
	if (bytes === undefined) return "is missing";
	if (count === undefined) return "is not a bundle";
	if (count < width) return "ends too early";
	return count > width && width === BUNDLE_WIDTH ? "has too many entries" : undefined;
}
