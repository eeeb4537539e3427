import type { JetStreamClient } from "@nats-io/jetstream";
import { deadLetterSubjects, type ModuleName } from "../contracts/streams.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { WireHeaders } from "./headers.ts";

/** A message that its module cannot handle, with what an operator needs to judge it. Times in epoch ms. */
export interface DeadLetter extends Fingerprint {
	readonly module: ModuleName;
	readonly reason: string;
	/** Type, message and first line of the failure. */
	readonly error: string;
	readonly message_id: string;
	/** Undefined for what cannot be read. */
	readonly order_id: string | undefined;
	readonly subject: string;
	readonly stream: string;
	readonly sequence: number;
	readonly consumer: string;
	readonly attempts: number;
	readonly first_failed_ms: number;
	readonly last_failed_ms: number;
	readonly traceparent: string | undefined;
	/** The header block of the message. */
	readonly headers: string;
	readonly data: Uint8Array;
}

/** The broker's id of a dead letter's message, and what became of it before. */
const INHERITED = [
	"Millrace-Repeated-Id",
	"Millrace-Redrives",
	"Millrace-Redrive",
	"Millrace-Redriven-By",
	"Millrace-Redriven-At",
] as const;

/**
 * Parks a message. Resolves when the dead-letter stream has it: only then may the original go.
 * The broker's id is derived, so parking it again within the duplicate window leaves one.
 */
export async function park(js: JetStreamClient, letter: DeadLetter): Promise<void> {
	const headers = new WireHeaders();
	// A v1 producer chooses its ids, so a line break in one must not begin a header of its own.
	const message_id = printable(letter.message_id);
	headers.set("Nats-Msg-Id", `dlq:${letter.consumer}:${letter.sequence}:${message_id}`);
	headers.set("Millrace-Reason", printable(letter.reason));
	headers.set("Millrace-Error", printable(letter.error));
	headers.set("Millrace-Fingerprint", letter.fingerprint);
	headers.set("Millrace-Error-Type", printable(letter.type));
	headers.set("Millrace-Error-Place", printable(letter.place));
	headers.set("Millrace-Message-Id", message_id);
	if (letter.order_id !== undefined) headers.set("Millrace-Order-Id", letter.order_id);
	headers.set("Millrace-Original-Subject", letter.subject);
	headers.set("Millrace-Original-Stream", letter.stream);
	headers.set("Millrace-Original-Sequence", String(letter.sequence));
	headers.set("Millrace-Consumer", letter.consumer);
	headers.set("Millrace-Attempts", String(letter.attempts));
	headers.set("Millrace-First-Failed-At", new Date(letter.first_failed_ms).toISOString());
	headers.set("Millrace-Last-Failed-At", new Date(letter.last_failed_ms).toISOString());
	if (letter.traceparent) headers.set("traceparent", letter.traceparent);
	for (const [name, value] of inherited(letter.headers)) headers.set(name, value);
	await js.publish(deadLetterSubjects[letter.module], letter.data, {
		headers: headers.toClient(),
		retries: 5,
	});
}

/** What the message brought along that its redrive needs, and how often and by whom it was redriven before. */
function inherited(headers: string): Map<string, string> {
	const brought = parseHeaders(headers);
	const kept = new Map(
		INHERITED.flatMap((name) => {
			const value = brought.get(name);
			return value === undefined ? [] : [[name, value] as const];
		}),
	);
	const id = brought.get("Nats-Msg-Id");
	if (id !== undefined && !kept.has("Millrace-Repeated-Id")) kept.set("Millrace-Repeated-Id", id);
	return kept;
}

/** All headers of a block, by name; of several with one name the last. */
export function parseHeaders(text: string): ReadonlyMap<string, string> {
	return new Map(
		text.split("\r\n").flatMap((line) => {
			const cut = line.indexOf(":");
			return cut < 1 ? [] : [[line.slice(0, cut), line.slice(cut + 1).trim()] as const];
		}),
	);
}

const HEADER_CHARACTERS_MAX = 500;

/** A header is one line of printable ASCII. */
export function printable(text: string): string {
	return (
		text
			.replace(/[^\x20-\x7e]+/g, " ")
			.slice(0, HEADER_CHARACTERS_MAX)
			.trim() || "unknown"
	);
}
