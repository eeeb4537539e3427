import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Values by key, in any order in and in the order of their keys out. */
export interface SortedSpill<T> {
	/** Joins the value with what is there for the key. */
	add(key: string, value: T): void;
	/** Ends the adding. */
	sorted(): Generator<Entry<T>>;
	/** Removes what it keeps on disk. */
	close(): void;
}

export interface Codec<T> {
	join(one: T, other: T): T;
	/** A text without a line break. */
	encode(value: T): string;
	decode(text: string): T;
}

const KEYS_IN_MEMORY_MAX = 50_000;
const CHUNK_BYTES = 65_536;
const TAB = "\t";

/**
 * Sorts more than fits into memory: what came in is written to a file, sorted, whenever it has so many keys,
 * and the files are merged in the end. A key has neither tab nor line break.
 */
export function createSortedSpill<T>(
	codec: Codec<T>,
	keys_max = KEYS_IN_MEMORY_MAX,
): SortedSpill<T> {
	let held = new Map<string, T>();
	let folder: string | undefined;
	let files = 0;

	function spill() {
		folder ??= mkdtempSync(join(tmpdir(), "millrace-verify-"));
		const lines = [...heldInOrder()].map(([key, value]) => `${key}${TAB}${codec.encode(value)}\n`);
		writeFileSync(join(folder, `${files}`), lines.join(""));
		files += 1;
		held = new Map();
	}

	function* heldInOrder(): Generator<Entry<T>> {
		for (const key of [...held.keys()].sort()) yield [key, held.get(key) as T];
	}

	function* read(file: number): Generator<Entry<T>> {
		for (const line of linesOf(join(folder ?? "", `${file}`))) {
			const tab = line.indexOf(TAB);
			yield [line.slice(0, tab), codec.decode(line.slice(tab + 1))];
		}
	}

	return {
		add(key, value) {
			const before = held.get(key);
			if (before !== undefined) {
				held.set(key, codec.join(before, value));
				return;
			}
			if (held.size === keys_max) spill();
			held.set(ownText(key), value);
		},
		*sorted() {
			const runs = [...Array.from({ length: files }, (_, file) => read(file)), heldInOrder()];
			yield* merge(runs, codec);
		},
		close() {
			held = new Map();
			if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
		},
	};
}

/** A copy: a piece of a longer text would keep all of it in memory. */
function ownText(text: string): string {
	return Buffer.from(text).toString();
}

type Entry<T> = readonly [key: string, value: T];

interface Head<T> {
	readonly run: Generator<Entry<T>>;
	entry: Entry<T> | undefined;
}

/** Joins sorted runs into one, and the values of a key that several have. */
function* merge<T>(runs: readonly Generator<Entry<T>>[], codec: Codec<T>): Generator<Entry<T>> {
	const heads = runs.map((run): Head<T> => ({ run, entry: nextOf(run) }));
	for (;;) {
		const key = leastKey(heads);
		if (key === undefined) return;
		let value: T | undefined;
		for (const head of heads) {
			const { entry } = head;
			if (entry === undefined || entry[0] !== key) continue;
			value = value === undefined ? entry[1] : codec.join(value, entry[1]);
			head.entry = nextOf(head.run);
		}
		yield [key, value as T];
	}
}

function nextOf<T>(run: Generator<Entry<T>>): Entry<T> | undefined {
	return run.next().value as Entry<T> | undefined;
}

function leastKey(heads: readonly Head<unknown>[]): string | undefined {
	let least: string | undefined;
	for (const { entry } of heads) {
		if (entry !== undefined && (least === undefined || entry[0] < least)) least = entry[0];
	}
	return least;
}

function* linesOf(file: string): Generator<string> {
	const descriptor = openSync(file, "r");
	const chunk = Buffer.alloc(CHUNK_BYTES);
	let rest = Buffer.alloc(0);
	try {
		for (;;) {
			const read = readSync(descriptor, chunk);
			if (read === 0) return;
			const bytes = Buffer.concat([rest, chunk.subarray(0, read)]);
			const end = bytes.lastIndexOf(10) + 1;
			rest = Buffer.from(bytes.subarray(end));
			if (end > 0) yield* bytes.toString("utf8", 0, end - 1).split("\n");
		}
	} finally {
		closeSync(descriptor);
	}
}
