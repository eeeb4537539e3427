import { BUNDLE_WIDTH } from "../../contracts/audit-log.ts";
import type { NamedObject, ObjectStore } from "../../object-store/object-store.ts";
import {
	encodeIndex,
	INDEX_WIDTH,
	indexPath,
	indexRecord,
	orderIdOf,
} from "../../transparency/order-index.ts";
import type { ReadBundle } from "./read-end.ts";

/** Collects where the entries of each order are, for the files that `millrace audit prove` looks in. */
export interface Indexer {
	/** The index files that entries finish which are added at the end. Call `took` when they are written. */
	filesOf(entries: readonly Uint8Array[]): readonly NamedObject[];
	took(entries: readonly Uint8Array[]): void;
}

interface Collected {
	readonly size: number;
	/** Of the file that is not finished. */
	readonly records: readonly number[];
}

/** Goes on where the log ends, and writes index files that a crash left out. */
export async function openIndexer(
	store: ObjectStore,
	size: number,
	readBundle: ReadBundle,
): Promise<Indexer> {
	const finished = Math.floor(size / INDEX_WIDTH);
	let first = finished;
	while (first > 0 && (await store.read(indexPath(first - 1))) === undefined) first -= 1;
	let state: Collected = { size: first * INDEX_WIDTH, records: [] };
	while (state.size < size) {
		const added = await readBundle(state.size / BUNDLE_WIDTH);
		const next = collect(state, added.slice(0, size - state.size));
		await store.create(next.files);
		state = next.state;
	}
	return {
		filesOf: (entries) => collect(state, entries).files,
		took(entries) {
			state = collect(state, entries).state;
		},
	};
}

function collect(
	{ size, records }: Collected,
	entries: readonly Uint8Array[],
): { state: Collected; files: NamedObject[] } {
	const files: NamedObject[] = [];
	let current = [...records];
	let at = size;
	for (const entry of entries) {
		const order_id = orderIdOf(entry);
		if (order_id !== undefined) current.push(indexRecord(order_id, at % INDEX_WIDTH));
		at += 1;
		if (at % INDEX_WIDTH > 0) continue;
		files.push({ path: indexPath(at / INDEX_WIDTH - 1), bytes: encodeIndex(current) });
		current = [];
	}
	return { state: { size: at, records: current }, files };
}
