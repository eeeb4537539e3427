import { contracts } from "./events.ts";

/** Entries in a full bundle, as C2SP tlog-tiles has it. */
export const BUNDLE_WIDTH = 256;

const ENTRY_BYTES_MAX = 0xffff;
const encoder = new TextEncoder();
const NO_HEADERS = encoder.encode("NATS/1.0\r\n\r\n");

/** What of an event goes into the log: all that was published, with its personal fields sealed. */
export interface Entry {
	readonly subject: string;
	/** The header block as on the wire, from `NATS/1.0` to the empty line; empty for a message without headers. */
	readonly headers: Uint8Array;
	readonly data: Uint8Array;
}

/**
 * The bytes of an entry: subject, CR LF, header block, payload. The block ends in an empty line, so
 * the three can be told apart.
 * @throws RangeError when the entry does not fit the 65,535 bytes that a bundle has for it.
 */
export function encodeEntry({ subject, headers, data }: Entry): Uint8Array {
	const head = headOf(subject);
	const block = headers.length === 0 ? NO_HEADERS : headers;
	const bytes = new Uint8Array(head.length + block.length + data.length);
	if (bytes.length > ENTRY_BYTES_MAX)
		throw new RangeError(`an entry of ${bytes.length} bytes is too large`);
	bytes.set(head);
	bytes.set(block, head.length);
	bytes.set(data, head.length + block.length);
	return bytes;
}

const heads = new Map<string, Uint8Array>(
	Object.keys(contracts).map((subject) => [subject, encoder.encode(`${subject}\r\n`)]),
);

function headOf(subject: string): Uint8Array {
	return heads.get(subject) ?? encoder.encode(`${subject}\r\n`);
}

export function decodeEntry(bytes: Uint8Array): Entry {
	const text = new TextDecoder("latin1").decode(bytes);
	const subjectEnd = text.indexOf("\r\n");
	const blockEnd = text.indexOf("\r\n\r\n", subjectEnd + 2) + 4;
	if (subjectEnd < 1 || blockEnd < 4) throw new RangeError("not an entry of the audit log");
	return {
		subject: text.slice(0, subjectEnd),
		headers: bytes.subarray(subjectEnd + 2, blockEnd),
		data: bytes.subarray(blockEnd),
	};
}

/** Joins entries, each behind its length in two bytes, most significant first. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
	let length = 0;
	for (const entry of entries) length += 2 + entry.length;
	const bundle = new Uint8Array(length);
	let at = 0;
	for (const entry of entries) {
		bundle[at] = entry.length >> 8;
		bundle[at + 1] = entry.length & 0xff;
		bundle.set(entry, at + 2);
		at += 2 + entry.length;
	}
	return bundle;
}

/** @throws RangeError when the bytes end within an entry. */
export function decodeBundle(bundle: Uint8Array): Uint8Array[] {
	const entries: Uint8Array[] = [];
	let at = 0;
	while (at < bundle.length) {
		const length = ((bundle[at] ?? 0) << 8) | (bundle[at + 1] ?? 0);
		const end = at + 2 + length;
		if (end > bundle.length) throw new RangeError("a bundle ends within an entry");
		entries.push(bundle.subarray(at + 2, end));
		at = end;
	}
	return entries;
}

/**
 * Where a bundle lies: `tile/entries/x001/234`, and `tile/entries/x001/234.p/17` while it has only 17
 * entries.
 * @param index of the bundle, from 0
 * @param width of a partial bundle, 1 to 255; undefined for a full one
 */
export function bundlePath(index: number, width?: number): string {
	return `tile/entries/${groupedNumber(index)}${width === undefined ? "" : `.p/${width}`}`;
}

/** A number as C2SP tlog-tiles spreads it over folders: `067`, `x001/x234/067`. */
export function groupedNumber(value: number): string {
	const digits = String(value);
	const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/.{3}/g) ?? [];
	const last = groups.pop();
	return `${groups.map((group) => `x${group}/`).join("")}${last}`;
}
