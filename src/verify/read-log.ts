import { BUNDLE_WIDTH, bundlePath, decodeBundle } from "../contracts/audit-log.ts";

/** Where the files of the audit log lie. */
export interface LogFiles {
	/** @returns undefined when there is no such file */
	read(path: string): Promise<Uint8Array | undefined>;
	/** Paths of all files in a folder; none when there is no such folder. */
	list(folder: string): Promise<readonly string[]>;
}

/** The entries of one bundle, or why it has none. */
export interface LogBundle {
	/** Of its first entry. */
	readonly first_index: number;
	readonly entries: readonly Uint8Array[];
	/** Set when the file is there and is not what it should be. */
	readonly unreadable?: string;
}

type Bundle = Omit<LogBundle, "first_index">;

/** Bundles that are read while one is worked on. */
const BUNDLES_AHEAD = 8;
/** The widest partial bundle goes when a wider one is there: then look again. */
const LOOKS_MAX = 5;

/**
 * The audit log as it lies in its files, bundle by bundle, whatever the tables say. It ends with the first
 * bundle that is not full.
 * @param from the first entry that is wanted
 */
export async function* readLog(files: LogFiles, from = 0): AsyncGenerator<LogBundle> {
	const first = Math.floor(from / BUNDLE_WIDTH);
	const ahead: Promise<Bundle | undefined>[] = [];
	for (let index = first; ; index += 1) {
		while (ahead.length < BUNDLES_AHEAD) ahead.push(begin(files, index + ahead.length));
		const bundle = await ahead.shift();
		if (bundle === undefined) return;
		const skipped = index === first ? from % BUNDLE_WIDTH : 0;
		const entries = bundle.entries.slice(skipped);
		yield { ...bundle, first_index: index * BUNDLE_WIDTH + skipped, entries };
		if (bundle.unreadable === undefined && bundle.entries.length < BUNDLE_WIDTH) return;
	}
}

function begin(files: LogFiles, index: number): Promise<Bundle | undefined> {
	const reading = readBundle(files, index);
	// It may lie beyond the end, and then nobody awaits it.
	reading.catch(() => {});
	return reading;
}

async function readBundle(files: LogFiles, index: number): Promise<Bundle | undefined> {
	const path = bundlePath(index);
	for (let look = 1; look <= LOOKS_MAX; look += 1) {
		const full = await files.read(path);
		if (full !== undefined) return decode(full, path);
		const widths = (await files.list(`${path}.p`)).map((name) => Number(name.split("/").at(-1)));
		if (widths.length === 0) return undefined;
		const widest = bundlePath(index, Math.max(...widths));
		const partial = await files.read(widest);
		if (partial !== undefined) return decode(partial, widest);
	}
	return { entries: [], unreadable: `${path}: it comes and goes` };
}

function decode(bytes: Uint8Array, path: string): Bundle {
	try {
		const { buffer, byteOffset, byteLength } = bytes;
		// Pieces of a Buffer are Buffers, which take several times as long to make.
		return { entries: decodeBundle(new Uint8Array(buffer, byteOffset, byteLength)) };
	} catch (error) {
		return { entries: [], unreadable: `${path}: ${(error as Error).message}` };
	}
}
