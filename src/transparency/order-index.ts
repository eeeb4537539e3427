import { groupedNumber } from "../contracts/audit-log.ts";

/** Entries that one index file is about: 16 bundles. */
export const INDEX_WIDTH = 4_096;

const RECORD_BYTES = 6;
const ORDER_ID = /"order_id"\s*:\s*"([^"\\]*)"/;

/** `index/orders/x001/234` is about the entries from 1,234 · 4,096 on. */
export function indexPath(number: number): string {
	return `index/orders/${groupedNumber(number)}`;
}

/** The order that an entry is about, as far as can be told without reading it properly. */
export function orderIdOf(entry: Uint8Array): string | undefined {
	return ORDER_ID.exec(
		Buffer.from(entry.buffer, entry.byteOffset, entry.length).toString("latin1"),
	)?.[1];
}

/** One entry of an index: 32 bits of the order's id above 16 bits of where in the file's range it is. */
export function indexRecord(order_id: string, offset: number): number {
	return Bun.hash.xxHash32(order_id) * 0x10000 + offset;
}

/** The bytes of an index file: records of six bytes, most significant first, sorted. */
export function encodeIndex(records: readonly number[]): Uint8Array {
	const sorted = Float64Array.from(records).sort();
	const bytes = Buffer.alloc(sorted.length * RECORD_BYTES);
	for (const [n, record] of sorted.entries())
		bytes.writeUIntBE(record, n * RECORD_BYTES, RECORD_BYTES);
	return bytes;
}

/** Offsets in the file's range where an entry of the order may be. */
export function findInIndex(index: Uint8Array, order_id: string): number[] {
	const bytes = Buffer.from(index.buffer, index.byteOffset, index.length);
	const hash = Bun.hash.xxHash32(order_id);
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
