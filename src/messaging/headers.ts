import type { JsMsg } from "@nats-io/jetstream";
import type { MsgHdrs } from "nats";
import { contracts, type OutgoingEvent } from "../contracts/events.ts";

/** Set on an event that may have been published before, so that the audit log looks it up. */
export const REPUBLISHED = "Millrace-Republished";

/** Whether an event may have been published before; `stuck` when what should have followed from it has not. */
export type Republished = boolean | "stuck";

/** On a redriven message: the durable it is for, and the broker's id of the message it repeats, if that had one. */
export const FOR_CONSUMER = "Millrace-For";
export const REPEATED_ID = "Millrace-Repeated-Id";

const VERSION_LINE = "NATS/1.0\r\n";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Headers as the text they are on the wire. The client's own type validates and indexes each header
 * of each message, which costs more than all else about a small message (docs/decisions/0003).
 */
export class WireHeaders {
	#text = VERSION_LINE;

	set(name: string, value: string): void {
		this.#text += `${name}: ${value}\r\n`;
	}

	encode(): Uint8Array {
		return encoder.encode(`${this.#text}\r\n`);
	}

	/** For the client, which calls `set` and `encode` of the headers it is given, and nothing else. */
	toClient(): MsgHdrs {
		return this as unknown as MsgHdrs;
	}
}

/** CloudEvents attributes in the NATS binding's form, the broker's message id, and the trace. */
export function eventHeaders(
	event: OutgoingEvent,
	traceparent: string | undefined,
	republished: Republished,
): WireHeaders {
	const headers = new WireHeaders();
	headers.set("Nats-Msg-Id", event.message_id);
	headers.set("ce-specversion", "1.0");
	headers.set("ce-id", event.message_id);
	headers.set("ce-source", `/millrace/${contracts[event.subject].publisher}`);
	headers.set("ce-type", event.subject);
	if (traceparent !== undefined) headers.set("traceparent", traceparent);
	if (republished) headers.set(REPUBLISHED, republished === true ? "1" : republished);
	return headers;
}

interface ClientMessage {
	readonly msg: { readonly _rdata?: Uint8Array; readonly _msg?: { readonly hdr: number } };
}

/** The header block of a message exactly as it was published, empty when it has none. */
export function headerBytes(message: JsMsg): Uint8Array {
	const { _rdata, _msg } = (message as unknown as ClientMessage).msg;
	if (_rdata === undefined || _msg === undefined) {
		throw new Error("the NATS client keeps a message in another form than 3.4.0 did");
	}
	return _rdata.subarray(0, Math.max(0, _msg.hdr));
}

/** A header block as text, to be searched with `readHeader`. */
export function headerText(block: Uint8Array): string {
	return decoder.decode(block);
}

/** How a header may stand in a block: its name as it is written, and with a capital first. */
function spellings(name: string): readonly string[] {
	const capital = name.charAt(0).toUpperCase() + name.slice(1);
	return [...new Set([name, capital])].map((spelling) => `\r\n${spelling}:`);
}

const SPELLINGS = {
	message_id: spellings("Nats-Msg-Id"),
	traceparent: spellings("traceparent"),
	republished: spellings(REPUBLISHED),
	for_consumer: spellings(FOR_CONSUMER),
	repeated_id: spellings(REPEATED_ID),
};

/** The value of a header in a block's text, undefined when it is not there. */
export function readHeader(text: string, header: keyof typeof SPELLINGS): string | undefined {
	for (const spelling of SPELLINGS[header]) {
		const at = text.indexOf(spelling);
		if (at < 0) continue;
		const start = at + spelling.length;
		return text.slice(start, text.indexOf("\r\n", start)).trim();
	}
	return undefined;
}
