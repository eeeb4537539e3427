import { BUNDLE_WIDTH, encodeBundle } from "../../contracts/audit-log.ts";
import type { NamedObject, ObjectStore } from "../../object-store/object-store.ts";
import {
	encodeIndex,
	INDEX_WIDTH,
	indexPath,
	indexRecords,
} from "../../transparency/order-index.ts";
import { layOut, scanBundle } from "../../transparency/scan-bundle.ts";
import type { ReadBundle } from "./read-end.ts";

/** Where the entries of orders are, as far as there is no index file for them yet. */
export interface Collected {
	readonly size: number;
	/** Of the file that is not finished. */
	readonly records: readonly number[];
}

/** Goes on where the log ends, and writes index files that a crash left out. */
export async function openIndex(
	store: ObjectStore,
	size: number,
	readBundle: ReadBundle,
): Promise<Collected> {
	let first = Math.floor(size / INDEX_WIDTH);
	while (first > 0 && (await store.read(indexPath(first - 1))) === undefined) first -= 1;
	let index: Collected = { size: first * INDEX_WIDTH, records: [] };
	while (index.size < size) {
		const added = (await readBundle(index.size / BUNDLE_WIDTH)).slice(0, size - index.size);
		const next = growIndex(index, scanBundle(layOut(encodeBundle(added))).orders);
		await store.create(next.files);
		index = next.index;
	}
	return index;
}

/**
 * Adds entries.
 * @param orders as `scanBundle` has them
 * @returns the index, and the files that are finished by it, for `millrace audit prove` to look in
 */
export function growIndex(
	{ size, records }: Collected,
	orders: readonly number[],
): { index: Collected; files: NamedObject[] } {
	const files: NamedObject[] = [];
	let current = records;
	let at = 0;
	while (at < orders.length) {
		const room = INDEX_WIDTH - ((size + at) % INDEX_WIDTH);
		const part = orders.slice(at, at + room);
		current = [...current, ...indexRecords(size + at, part)];
		at += part.length;
		if (part.length < room) break;
		const number = (size + at) / INDEX_WIDTH - 1;
		files.push({ path: indexPath(number), bytes: encodeIndex(current) });
		current = [];
	}
	return { index: { size: size + orders.length, records: current }, files };
}
