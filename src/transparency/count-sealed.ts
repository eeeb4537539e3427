import { BUNDLE_WIDTH } from "../contracts/audit-log.ts";
import { CHECKPOINT_PATH, peekCheckpoint } from "./checkpoint.ts";
import { readEntries } from "./find-order.ts";
import type { LogReader } from "./log-reader.ts";
import { orderIdOf } from "./order-index.ts";

const READS_AT_ONCE = 16;

/** How many orders have something sealed with a key: all of the log is looked through. */
export async function countOrdersSealed(reader: LogReader, key_id: string): Promise<number> {
	const checkpoint = await reader.read(CHECKPOINT_PATH);
	const size = checkpoint === undefined ? 0 : peekCheckpoint(checkpoint).size;
	const bundles = Math.ceil(size / BUNDLE_WIDTH);
	const mark = Buffer.from(`{"sealed":"${key_id}.`);
	const orders = new Set<string | undefined>();
	for (let first = 0; first < bundles; first += READS_AT_ONCE) {
		const count = Math.min(READS_AT_ONCE, bundles - first);
		const numbers = Array.from({ length: count }, (_, n) => first + n);
		const some = await Promise.all(numbers.map((n) => readEntries(reader, n, size)));
		for (const entry of some.flat())
			if (Buffer.from(entry.buffer, entry.byteOffset, entry.length).includes(mark))
				orders.add(orderIdOf(entry));
	}
	return orders.size;
}
