import { contracts, type Subject } from "../contracts/events.ts";
import { messageId } from "../contracts/identity.ts";
import type { Replacement } from "../messaging/dead-letter-mover.ts";
import type { StoredLetter } from "../messaging/dead-letter-reader.ts";

/** One field that an edit changes; undefined on the side where it is not there. */
export interface FieldChange {
	readonly field: string;
	readonly before?: unknown;
	readonly after?: unknown;
}

export interface Edit {
	readonly changes: readonly FieldChange[];
	readonly replacement: Replacement;
}

/** An edit that would not make an event of it. */
export class EditError extends Error {
	override readonly name = "EditError";
}

/**
 * Puts other data in place of a letter's. What comes of it is another event, so it gets another id,
 * which follows from the letter and the data: the same edit made twice is the same event.
 * @throws EditError when the data is not by the contract, or is about another order
 */
export function editLetter(letter: StoredLetter, data: Record<string, unknown>): Edit {
	const { subject } = letter;
	if (!(subject in contracts))
		throw new EditError(`This version does not know ${subject}, so it cannot check the edit.`);
	const before = parse(letter.data);
	if (letter.order_id !== undefined && data.order_id !== letter.order_id)
		throw new EditError(`It is about order ${letter.order_id}, and has to stay so.`);
	const digest = new Bun.CryptoHasher("sha256")
		.update(JSON.stringify({ ...data, message_id: undefined }))
		.digest("hex");
	const message_id = messageId(subject, `${letter.message_id}/${digest}`);
	const after = { ...data, message_id };
	const checked = contracts[subject as Subject].schema.safeParse(after);
	if (!checked.success) throw new EditError(`It is not by the contract: ${checked.error.message}`);
	const changes = fieldChanges(before, { ...data, message_id: fieldOf(before, "message_id") }, "");
	return { changes, replacement: { message_id, data: JSON.stringify(after) } };
}

/** What differs between two values, field by field; lists are compared place by place. */
export function fieldChanges(before: unknown, after: unknown, field: string): FieldChange[] {
	if (Bun.deepEquals(before, after)) return [];
	if (!isObject(before) || !isObject(after)) {
		return [
			{
				field: field || "(all)",
				...(before !== undefined && { before }),
				...(after !== undefined && { after }),
			},
		];
	}
	const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
	return names.flatMap((name) =>
		fieldChanges(fieldOf(before, name), fieldOf(after, name), field ? `${field}.${name}` : name),
	);
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

const fieldOf = (value: unknown, name: string): unknown =>
	isObject(value) ? (value as Record<string, unknown>)[name] : undefined;

function parse(data: Uint8Array): unknown {
	const text = new TextDecoder().decode(data);
	try {
		return JSON.parse(text);
	} catch {
		return text;
	}
}
