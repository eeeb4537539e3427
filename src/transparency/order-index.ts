import { groupedNumber } from "../contracts/audit-log.ts";
import { findOrderId } from "./find-text.ts";
import { orderHash } from "./scan-bundle.ts";

/** Entries that one index file is about: 16 bundles. */
export const INDEX_WIDTH = 4_096;

const RECORD_BYTES = 6;

/** `index/orders/x001/234` is about the entries from 1,234 · 4,096 on. */
export function indexPath(number: number): string {
	return `index/orders/${groupedNumber(number)}`;
}

/** The order that an entry is about, as far as can be told without reading it properly. */
export function orderIdOf(entry: Uint8Array): string | undefined {
	return findOrderId(Buffer.from(entry).toString("latin1"))?.text;
}

/**
 * The records that entries add to the index.
 * @param first the index of the first of them in the log
 * @param orders 32 bits for the order of each, as `scanBundle` has them
 */
export function indexRecords(first: number, orders: readonly number[]): number[] {
	const records: number[] = [];
	for (const [n, order] of orders.entries())
		if (order >= 0) records.push(order * 0x10000 + ((first + n) % INDEX_WIDTH));
	return records;
}

/** The bytes of an index file: records of six bytes, most significant first, sorted. */
export function encodeIndex(records: readonly number[]): Uint8Array {
	const sorted = Float64Array.from(records).sort();
	const bytes = Buffer.alloc(sorted.length * RECORD_BYTES);
	let at = 0;
	for (const record of sorted) at = bytes.writeUIntBE(record, at, RECORD_BYTES);
	return bytes;
}

/** Offsets in the file's range where an entry of the order may be. */
export function findInIndex(index: Uint8Array, order_id: string): number[] {
	const bytes = Buffer.from(index.buffer, index.byteOffset, index.length);
	const hash = orderHash(order_id);
	const hashAt = (n: number) => bytes.readUInt32BE(n * RECORD_BYTES);
	const count = Math.floor(bytes.length / RECORD_BYTES);
	let [low, high] = [0, count];
	while (low < high) {
		const middle = (low + high) >> 1;
		if (hashAt(middle) < hash) low = middle + 1;
		else high = middle;
	}
	const offsets: number[] = [];
	for (let n = low; n < count && hashAt(n) === hash; n += 1)
		offsets.push(bytes.readUInt16BE(n * RECORD_BYTES + 4));
	return offsets;
}
