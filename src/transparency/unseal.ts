import type { Entry } from "../contracts/audit-log.ts";
import { personalFields } from "../contracts/events.ts";
import { bytesOf, orderIn, textOf } from "./personal-fields.ts";
import { open } from "./seal.ts";

/** Keys by their ids. One that is not there was deleted. */
export type PersonalKeys = ReadonlyMap<string, Uint8Array>;

/** What is shown of a personal field without keys, and of one whose key was deleted. No identifier looks like it. */
export const SEALED = "(sealed)";
export const FORGOTTEN = "(forgotten)";

const STAND_IN = "sealed";

const MARK = '{"sealed":"';
const NAMES = personalFields.join("|");
const FIELD = new RegExp(
	String.raw`(?<!\\)"(${NAMES})"(\s*:\s*)\{"sealed":"([^"\\.]*)\.?([^"\\]*)"\}`,
	"g",
);

/**
 * An entry with its personal fields as they were published, as far as there are keys.
 * @param keys undefined where there are none at hand
 * @throws SealError when a field is not what was sealed
 */
export function unseal(entry: Entry, keys: PersonalKeys | undefined): Entry {
	const text = textOf(entry.data);
	if (!text.includes(MARK)) return entry;
	const order_id = orderIn(text);
	const opened = text.replace(FIELD, (_, field, colon, key_id, box) => {
		const key = keys?.get(key_id);
		const value = key === undefined ? hidden(keys) : open(box, field, order_id, key);
		return `"${field}"${colon}${value}`;
	});
	return { ...entry, data: bytesOf(opened) };
}

/**
 * The payload of an event as its contract knows it: each personal field that is sealed has something in its
 * place that the contract allows.
 */
export function parseSealed(text: string): unknown {
	const payload = JSON.parse(text);
	if (typeof payload !== "object" || payload === null) return payload;
	for (const field of personalFields) if (isSealed(payload[field])) payload[field] = STAND_IN;
	return payload;
}

function isSealed(value: unknown): boolean {
	if (typeof value !== "object" || value === null) return false;
	return typeof (value as { sealed?: unknown }).sealed === "string";
}

/** The ids of the keys that an entry is sealed with. */
export function keyIdsIn({ data }: Entry): string[] {
	const text = textOf(data);
	if (!text.includes(MARK)) return [];
	return [...text.matchAll(FIELD)].map(({ 3: key_id = "" }) => key_id);
}

function hidden(keys: PersonalKeys | undefined): string {
	return JSON.stringify(keys === undefined ? SEALED : FORGOTTEN);
}
