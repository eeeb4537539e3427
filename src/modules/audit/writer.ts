import { BUNDLE_WIDTH, bundlePath, decodeBundle, encodeBundle } from "../../contracts/audit-log.ts";
import { type Bundle, cutBundles } from "./audit.ts";
import type { Directory, NamedObject } from "./directory.ts";

/** Appends to the bundles of the log. One process at a time. */
export interface LogWriter {
	/** Entries in the bundles. */
	readonly size: number;
	/** Resolves when the entries are durable. Call it again with the same entries after it rejected. */
	append(entries: readonly Uint8Array[]): Promise<void>;
}

/**
 * Finds the end of the log in the store.
 * @param recorded how many entries the database knows of; a crash may have left more in the store
 * @returns the writer, and the entries that the database does not know of
 * @throws Error when the store has fewer entries than are recorded.
 */
export async function openLog(
	directory: Directory,
	recorded: number,
): Promise<{ writer: LogWriter; unrecorded: readonly Uint8Array[] }> {
	const first = Math.floor(recorded / BUNDLE_WIDTH);
	const entries: Uint8Array[] = [];
	let tail: readonly Uint8Array[] = [];
	for (let index = first; ; index += 1) {
		tail = await readBundle(directory, index);
		entries.push(...tail);
		if (tail.length < BUNDLE_WIDTH) break;
	}
	const size = first * BUNDLE_WIDTH + entries.length;
	if (size < recorded) {
		throw new Error(
			`the audit store has ${size} entries, but ${recorded} are recorded: is it the right store?`,
		);
	}
	return {
		writer: createWriter(directory, size, tail),
		unrecorded: entries.slice(recorded - first * BUNDLE_WIDTH),
	};
}

async function readBundle(directory: Directory, index: number): Promise<readonly Uint8Array[]> {
	const full = await directory.read(bundlePath(index));
	if (full) return decodeBundle(full);
	const widths = await directory.list(`${bundlePath(index)}.p`);
	const widest = Math.max(0, ...widths.map(Number));
	if (widest === 0) return [];
	const partial = await directory.read(bundlePath(index, widest));
	return decodeBundle(partial ?? new Uint8Array());
}

function createWriter(directory: Directory, from: number, begun: readonly Uint8Array[]): LogWriter {
	let size = from;
	let tail = begun;
	return {
		get size() {
			return size;
		},
		async append(entries) {
			const bundles = cutBundles(size, tail, entries);
			await directory.create(bundles.map(toObject));
			const full = bundles.filter((bundle) => bundle.entries.length === BUNDLE_WIDTH);
			for (const { index } of full.slice(0, 1))
				await directory.removeFolder(`${bundlePath(index)}.p`);
			size += entries.length;
			const last = bundles.at(-1);
			tail = last && last.entries.length < BUNDLE_WIDTH ? last.entries : [];
		},
	};
}

function toObject({ index, entries }: Bundle): NamedObject {
	const width = entries.length === BUNDLE_WIDTH ? undefined : entries.length;
	return { path: bundlePath(index, width), bytes: encodeBundle(entries) };
}
