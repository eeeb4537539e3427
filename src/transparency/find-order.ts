import { BUNDLE_WIDTH, bundlePath, decodeBundle, decodeEntry } from "../contracts/audit-log.ts";
import type { LogReader } from "./log-reader.ts";
import { findInIndex, INDEX_WIDTH, indexPath, orderIdOf } from "./order-index.ts";

const READS_AT_ONCE = 32;

/** An entry with its place in the log. */
export interface PlacedEntry {
	readonly index: number;
	readonly entry: Uint8Array;
}

/**
 * Finds the entries about an order: by the index files, and what they do not reach to by looking.
 * @param size how much of the log counts
 */
export async function findOrder(
	reader: LogReader,
	order_id: string,
	size: number,
): Promise<PlacedEntry[]> {
	const indexed = Math.floor(size / INDEX_WIDTH);
	const bundles = new Set<number>();
	await inTurns(indexed, async (number) => {
		const index = await reader.read(indexPath(number));
		const first = number * (INDEX_WIDTH / BUNDLE_WIDTH);
		const offsets = index ? findInIndex(index, order_id) : allOffsets();
		for (const offset of offsets) bundles.add(first + Math.floor(offset / BUNDLE_WIDTH));
	});
	const end = Math.ceil(size / BUNDLE_WIDTH);
	for (let n = indexed * (INDEX_WIDTH / BUNDLE_WIDTH); n < end; n += 1) bundles.add(n);
	const wanted = [...bundles].sort((a, b) => a - b);
	const found: PlacedEntry[][] = [];
	await inTurns(wanted.length, async (n) => {
		const index = wanted[n] ?? 0;
		const entries = await readEntries(reader, index, size);
		found[n] = entries
			.map((entry, at) => ({ index: index * BUNDLE_WIDTH + at, entry }))
			.filter(({ entry }) => isAbout(entry, order_id));
	});
	return found.flat();
}

/** The entries of a bundle of a log of `size` entries; none when it is not there. */
export async function readEntries(
	reader: LogReader,
	index: number,
	size: number,
): Promise<readonly Uint8Array[]> {
	const width = Math.min(BUNDLE_WIDTH, size - index * BUNDLE_WIDTH);
	const partial = width < BUNDLE_WIDTH ? await reader.read(bundlePath(index, width)) : undefined;
	const bytes = partial ?? (await reader.read(bundlePath(index)));
	return bytes ? decodeBundle(bytes).slice(0, width) : [];
}

/** Whether an entry is about an order: its payload says so, read properly. */
export function isAbout(entry: Uint8Array, order_id: string): boolean {
	if (orderIdOf(entry) !== order_id) return false;
	try {
		const text = new TextDecoder().decode(decodeEntry(entry).data);
		return (JSON.parse(text) as { order_id?: unknown } | null)?.order_id === order_id;
	} catch {
		return false;
	}
}

function allOffsets(): number[] {
	return Array.from({ length: INDEX_WIDTH / BUNDLE_WIDTH }, (_, n) => n * BUNDLE_WIDTH);
}

async function inTurns(count: number, work: (n: number) => Promise<void>): Promise<void> {
	let next = 0;
	const turns = Array.from({ length: READS_AT_ONCE }, async () => {
		while (next < count) {
			const n = next;
			next += 1;
			await work(n);
		}
	});
	await Promise.all(turns);
}
