import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BUNDLE_WIDTH, bundlePath, decodeBundle } from "../contracts/audit-log.ts";

/** The entries of one bundle, or why it has none. */
export interface LogBundle {
	/** Of its first entry. */
	readonly first_index: number;
	readonly entries: readonly Buffer[];
	/** Set when the file is there and is not what it should be. */
	readonly unreadable?: string;
}

/**
 * The audit log as it lies in its folder, bundle by bundle, whatever the tables say. It ends with the first
 * bundle that is not full.
 * @param from the first entry that is wanted
 */
export function* readLog(folder: string, from = 0): Generator<LogBundle> {
	let skipped = from % BUNDLE_WIDTH;
	for (let index = Math.floor(from / BUNDLE_WIDTH); ; index += 1) {
		const first_index = index * BUNDLE_WIDTH + skipped;
		const bundle = readBundle(folder, index);
		if (bundle === undefined) return;
		const width = "unreadable" in bundle ? BUNDLE_WIDTH : bundle.entries.length;
		yield { first_index, ...bundle, entries: bundle.entries.slice(skipped) };
		if (width < BUNDLE_WIDTH) return;
		skipped = 0;
	}
}

function readBundle(folder: string, index: number): Omit<LogBundle, "first_index"> | undefined {
	const full = join(folder, bundlePath(index));
	for (;;) {
		const file = existsSync(full) ? full : widestPartial(full);
		if (file === undefined) return undefined;
		try {
			return { entries: decodeBundle(readFileSync(file)) as Buffer[] };
		} catch (error) {
			// A partial bundle goes when the next one is there: look again.
			if ((error as NodeJS.ErrnoException).code === "ENOENT") continue;
			return { entries: [], unreadable: `${bundlePath(index)}: ${(error as Error).message}` };
		}
	}
}

function widestPartial(full: string): string | undefined {
	const folder = `${full}.p`;
	const widths = existsSync(folder) ? readdirSync(folder).map(Number) : [];
	return widths.length === 0 ? undefined : join(folder, `${Math.max(...widths)}`);
}
