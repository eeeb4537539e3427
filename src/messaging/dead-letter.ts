import type { JetStreamClient } from "@nats-io/jetstream";
import { deadLetterSubjects, type ModuleName } from "../contracts/streams.ts";
import { WireHeaders } from "./headers.ts";

/** A message that its module cannot handle, with what an operator needs to judge it. Times in epoch ms. */
export interface DeadLetter {
	readonly module: ModuleName;
	readonly reason: string;
	/** Type, message and first line of the failure. */
	readonly error: string;
	readonly message_id: string;
	readonly subject: string;
	readonly stream: string;
	readonly sequence: number;
	readonly consumer: string;
	readonly attempts: number;
	readonly first_failed_ms: number;
	readonly last_failed_ms: number;
	readonly traceparent: string | undefined;
	readonly data: Uint8Array;
}

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
	headers.set("Millrace-Message-Id", message_id);
	headers.set("Millrace-Original-Subject", letter.subject);
	headers.set("Millrace-Original-Stream", letter.stream);
	headers.set("Millrace-Original-Sequence", String(letter.sequence));
	headers.set("Millrace-Consumer", letter.consumer);
	headers.set("Millrace-Attempts", String(letter.attempts));
	headers.set("Millrace-First-Failed-At", new Date(letter.first_failed_ms).toISOString());
	headers.set("Millrace-Last-Failed-At", new Date(letter.last_failed_ms).toISOString());
	if (letter.traceparent) headers.set("traceparent", letter.traceparent);
	await js.publish(deadLetterSubjects[letter.module], letter.data, {
		headers: headers.toClient(),
		retries: 5,
	});
}

const HEADER_CHARACTERS_MAX = 500;

/** A header is one line of printable ASCII. */
function printable(text: string): string {
	return (
		text
			.replace(/[^\x20-\x7e]+/g, " ")
			.slice(0, HEADER_CHARACTERS_MAX)
			.trim() || "unknown"
	);
}
