import type { JsMsg } from "@nats-io/jetstream";
import { contracts, type Subject } from "../contracts/events.ts";
import { messageId } from "../contracts/identity.ts";
import type { Failure } from "./failures.ts";
import { headerBytes, headerText, readHeader } from "./headers.ts";
import { done, type IncomingEvent, type Outcome } from "./outcome.ts";

/** A message with what it says, or why it cannot be read. */
export interface Delivery<S extends Subject> {
	readonly message: JsMsg;
	/** Undefined when the message cannot be read; `outcome` then says why. */
	event: IncomingEvent<S> | undefined;
	readonly message_id: string;
	/** What was put on record before it is handled; undefined for a message that nobody suspects. */
	begun: Failure | undefined;
	outcome: Outcome;
}

const pending: Outcome = { kind: "retry", error: new Error("the handler said nothing about it") };
const TRACEPARENT = /^[\da-f-]{55}$/;
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Decodes a message and checks it against the contract of its subject. What fails here can never succeed
 * later. A redriven message that is for another durable, and an older version of what this one takes, are
 * done without being looked at.
 */
export function decode<S extends Subject>(
	message: JsMsg,
	subjects: readonly S[],
	durable: string,
): Delivery<S> {
	const subject = message.subject as S;
	const headers = headerText(headerBytes(message));
	const addressee = readHeader(headers, "for_consumer");
	if (addressee !== undefined && addressee !== durable) return unconcerned(message);
	if (!subjects.includes(subject)) {
		return subject in contracts
			? unconcerned(message)
			: unreadable(message, `unknown subject ${subject}`);
	}
	const payload = readPayload(subject, message.data);
	if (payload.unreadable !== undefined)
		return unreadable(message, payload.unreadable, payload.error);
	const { data } = payload;
	const header = readHeader(headers, "traceparent");
	// It goes into the outbox, where a line break or a tab in it would part the rows.
	const traceparent = header !== undefined && TRACEPARENT.test(header) ? header : undefined;
	const stuck = readHeader(headers, "republished") === "stuck";
	const { message_id } = data;
	const event = { subject, data, message_id, traceparent, stuck } as IncomingEvent<S>;
	return { message, event, message_id, begun: undefined, outcome: pending };
}

/** A checked payload, or why there is none. */
type ReadPayload<S extends Subject> =
	| { readonly data: IncomingEvent<S>["data"]; readonly unreadable?: undefined }
	| { readonly unreadable: string; readonly error: unknown };

export function readPayload<S extends Subject>(subject: S, data: Uint8Array): ReadPayload<S> {
	let value: unknown;
	try {
		value = JSON.parse(decoder.decode(data));
	} catch (error) {
		return { unreadable: "undecodable", error };
	}
	const result = contracts[subject].schema.safeParse(value);
	if (!result.success) return { unreadable: "schema violation", error: result.error };
	return { data: result.data as IncomingEvent<S>["data"] };
}

function unconcerned<S extends Subject>(message: JsMsg): Delivery<S> {
	return { message, event: undefined, message_id: "", begun: undefined, outcome: done };
}

function unreadable<S extends Subject>(
	message: JsMsg,
	reason: string,
	error?: unknown,
): Delivery<S> {
	const outcome: Outcome = { kind: "dead-letter", reason, error };
	const digest = new Bun.CryptoHasher("sha256").update(message.data).digest("hex");
	const message_id = messageId(message.subject, digest);
	return { message, event: undefined, message_id, begun: undefined, outcome };
}
