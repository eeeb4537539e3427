import { contracts } from "../contracts/events.ts";
import type { Session } from "./connection.ts";
import { printable } from "./dead-letter.ts";
import { type Shelf, type StoredLetter, streamOf, subjectOn } from "./dead-letter-reader.ts";
import { FOR_CONSUMER, REPEATED_ID, REPUBLISHED, WireHeaders } from "./headers.ts";

/** Who acts on letters, and within which action. `at` in RFC 3339. */
export interface Act {
	readonly action_id: string;
	readonly operator: string;
	readonly at: string;
}

/** What is sent instead of the letter's own payload. It is an event of its own, with an id of its own. */
export interface Replacement {
	readonly message_id: string;
	readonly data: string;
}

const RETRIES = 3;

/**
 * Sends a letter's message once more, on its original subject and for the durable that gave it up. The
 * broker's id is derived from the letter, so that a second redrive of it within the duplicate window
 * changes nothing.
 */
export async function sendAgain(
	{ js }: Session,
	letter: StoredLetter,
	act: Act,
	replacement?: Replacement,
): Promise<void> {
	const headers = new WireHeaders();
	const { sequence, stream_sequence, message_id, subject } = letter;
	headers.set(
		"Nats-Msg-Id",
		replacement?.message_id ?? `redrive:${sequence}:${stream_sequence}:${message_id}`,
	);
	headers.set("ce-specversion", "1.0");
	headers.set("ce-id", replacement?.message_id ?? message_id);
	headers.set("ce-source", `/millrace/${publisherOf(subject)}`);
	headers.set("ce-type", subject);
	if (replacement === undefined) {
		headers.set(REPUBLISHED, "1");
		headers.set(REPEATED_ID, letter.headers.get(REPEATED_ID) ?? "");
	}
	headers.set(FOR_CONSUMER, letter.consumer);
	headers.set("Millrace-Redrives", String(letter.redrives + 1));
	headers.set("Millrace-Redrive", act.action_id);
	headers.set("Millrace-Redriven-By", act.operator);
	headers.set("Millrace-Redriven-At", act.at);
	const traceparent = letter.headers.get("traceparent");
	if (traceparent !== undefined) headers.set("traceparent", traceparent);
	await js.publish(subject, replacement?.data ?? letter.data, {
		headers: headers.toClient(),
		retries: RETRIES,
	});
}

const publisherOf = (subject: string) =>
	subject in contracts ? contracts[subject as keyof typeof contracts].publisher : "unknown";

/** Copies a letter as it is to the other shelf, saying who did that and why. */
export async function copyTo(
	{ js }: Session,
	shelf: Shelf,
	letter: StoredLetter,
	act: Act,
	why: string,
): Promise<void> {
	const headers = new WireHeaders();
	headers.set("Nats-Msg-Id", `${shelf}:${letter.sequence}:${act.action_id}`);
	headers.set("Millrace-Parked-At", letter.parked_at);
	for (const [name, value] of letter.headers) {
		if (!CHANGED.test(name)) headers.set(name, value);
	}
	if (shelf === "discarded") {
		headers.set("Millrace-Discarded-By", act.operator);
		headers.set("Millrace-Discarded-At", act.at);
		headers.set("Millrace-Discarded-Why", printable(why));
	}
	await js.publish(subjectOn(shelf, letter.module), letter.data, {
		headers: headers.toClient(),
		retries: RETRIES,
	});
}

const CHANGED = /^(Nats-|Millrace-(Parked-At|Discarded-))/;

/** Takes letters off their shelf. One that is gone already is no error. */
export async function remove({ jsm }: Session, letters: readonly StoredLetter[]): Promise<void> {
	await Promise.all(
		letters.map(({ shelf, sequence }) =>
			// Without overwriting the bytes: the log has them anyway.
			jsm.streams.deleteMessage(streamOf(shelf), sequence, false).catch((error) => {
				if (!isGone(error)) throw error;
			}),
		),
	);
}

/** No such message: never there, deleted, or before the first. */
const GONE = new Set([10_037, 10_043, 10_057]);

function isGone(error: unknown): boolean {
	const { code } = error as { code?: unknown };
	return typeof code === "number" && GONE.has(code);
}
