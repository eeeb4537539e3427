import { BUNDLE_WIDTH, decodeEntry } from "../contracts/audit-log.ts";
import { contracts, type Payload, personalFields, type Subject } from "../contracts/events.ts";
import { messageId } from "../contracts/identity.ts";
import { readEntries } from "../transparency/find-order.ts";
import type { LogReader } from "../transparency/log-reader.ts";
import { type SealedText, sealedText } from "./open-fields.ts";

/** The log cannot be replayed, because it is not whole. */
export class ReplayError extends Error {
	override readonly name = "ReplayError";
}

/** An event of ours, checked against its contract. What is sealed in it is a text that `open-fields.ts` knows. */
export type LoggedEvent = {
	[S in Subject]: { readonly subject: S; readonly log_index: number; readonly data: Payload<S> };
}[Subject];

/** A bundle's worth of the log. */
interface Read {
	/** Entries up to here are read. */
	readonly next: number;
	readonly events: readonly LoggedEvent[];
	/** Entries of other producers, which change nothing by themselves. */
	readonly foreign: number;
}

const BUNDLES_AHEAD = 8;
const ID_HEADER = "\r\nNats-Msg-Id: ";

/**
 * Reads the entries from `from` up to `size`, a bundle at a time.
 * @throws ReplayError where a bundle is missing or an event of ours breaks its contract
 */
export async function* readEvents(
	reader: LogReader,
	from: number,
	size: number,
): AsyncGenerator<Read> {
	const end = Math.ceil(size / BUNDLE_WIDTH);
	const ahead: Promise<readonly Uint8Array[]>[] = [];
	let asked = Math.floor(from / BUNDLE_WIDTH);
	for (let next = from; next < size; ) {
		const index = Math.floor(next / BUNDLE_WIDTH);
		for (; asked < end && ahead.length < BUNDLES_AHEAD; asked += 1) {
			const reading = readEntries(reader, asked, size);
			// It is awaited later: until then a failure is nobody's.
			reading.catch(() => {});
			ahead.push(reading);
		}
		const entries = (await ahead.shift()) ?? [];
		const wanted = Math.min(size, (index + 1) * BUNDLE_WIDTH);
		if (entries.length < wanted - index * BUNDLE_WIDTH)
			throw new ReplayError(`bundle ${index} of the log is not whole: run millrace audit verify`);
		const fresh = entries.slice(next - index * BUNDLE_WIDTH);
		const events = fresh
			.map((entry, at) => readEvent(entry, next + at))
			.filter((it) => it !== null);
		next = wanted;
		yield { next, events, foreign: fresh.length - events.length };
	}
}

/** Our own events carry an id that follows from what they say. @returns null for what others published */
function readEvent(entry: Uint8Array, log_index: number): LoggedEvent | null {
	const { subject, headers, data } = decodeEntry(entry);
	if (!(subject in contracts)) return null;
	const message_id = idOf(headers);
	const given = parse(data);
	if (message_id === undefined || given === null) return null;
	if (message_id !== messageId(subject, keyOf(subject, given))) return null;
	const sealed = takeSealed(given);
	const read = contracts[subject as Subject].schema.safeParse(given);
	if (read.success) return { subject, log_index, data: { ...read.data, ...sealed } } as LoggedEvent;
	const [issue] = read.error.issues;
	throw new ReplayError(
		`entry ${log_index} breaks the contract of ${subject}: ${issue?.path.join(".")} ${issue?.message}`,
	);
}

/** Takes what is sealed out, and leaves something that every contract allows in its place. */
function takeSealed(given: Record<string, unknown>): Record<string, SealedText> {
	const taken: Record<string, SealedText> = {};
	for (const name of personalFields) {
		const text = sealedText(given[name]);
		if (text === undefined) continue;
		taken[name] = text;
		given[name] = "sealed";
	}
	return taken;
}

/** What the id of an event follows from, besides its subject. */
function keyOf(subject: string, given: Record<string, unknown>): string {
	const { order_id, refund_id, action_id, phase } = given;
	if (subject === "operations.acted.v1") return `${action_id}/${phase}`;
	return String(subject === "payments.refunded.v1" ? refund_id : order_id);
}

function idOf(headers: Uint8Array): string | undefined {
	const { buffer, byteOffset, length } = headers;
	const text = Buffer.from(buffer, byteOffset, length).toString("latin1");
	const at = text.indexOf(ID_HEADER);
	if (at === -1) return undefined;
	const from = at + ID_HEADER.length;
	return text.slice(from, text.indexOf("\r\n", from));
}

function parse({ buffer, byteOffset, length }: Uint8Array): Record<string, unknown> | null {
	try {
		const given = JSON.parse(Buffer.from(buffer, byteOffset, length).toString("utf8"));
		return typeof given === "object" ? given : null;
	} catch {
		return null;
	}
}
