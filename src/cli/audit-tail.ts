import { BUNDLE_WIDTH, decodeEntry } from "../contracts/audit-log.ts";
import { within } from "../lifecycle.ts";
import { CHECKPOINT_PATH, peekCheckpoint } from "../transparency/checkpoint.ts";
import { readEntries } from "../transparency/find-order.ts";
import type { LogReader } from "../transparency/log-reader.ts";
import { orderIdOf } from "../transparency/order-index.ts";
import { openLog } from "./audit-access.ts";
import type { FlagValues } from "./flags.ts";
import { watchSignals } from "./signals.ts";

const LAST = 10;
const POLL_MS = 500;

/** Prints the last entries of the audit log, and with `--follow` those that come until a signal does. */
export async function tail(values: FlagValues): Promise<number> {
	const reader = await openLog(values);
	let next = Math.max(0, (await sizeOf(reader)) - LAST);
	const signals = watchSignals();
	const ended = signals.first.then(() => true);
	signals.settle();
	for (;;) {
		next = await print(reader, next, await sizeOf(reader));
		if (!values.follow) return 0;
		if (await within(POLL_MS, ended)) return 0;
	}
}

async function sizeOf(reader: LogReader): Promise<number> {
	const checkpoint = await reader.read(CHECKPOINT_PATH);
	return checkpoint ? peekCheckpoint(checkpoint).size : 0;
}

async function print(reader: LogReader, from: number, size: number): Promise<number> {
	for (let next = from; next < size; ) {
		const index = Math.floor(next / BUNDLE_WIDTH);
		const entries = await readEntries(reader, index, size);
		if (entries.length === 0) throw new Error(`bundle ${index} of the log is missing`);
		for (const entry of entries.slice(next % BUNDLE_WIDTH)) {
			console.log(`${next}  ${decodeEntry(entry).subject}  ${orderIdOf(entry) ?? "-"}`);
			next += 1;
		}
		if (next >= size) return next;
	}
	return Math.max(from, size);
}
