import { contracts, type Subject } from "../contracts/events.ts";
import { messageId } from "../contracts/identity.ts";
import { type EventTally, tallyOf } from "./event-tally.ts";

/** An event of ours in the audit log. */
export interface LoggedEvent {
	readonly order_id: string;
	readonly tally: EventTally;
}

const HEADERS_END = "\r\n\r\n";
const ID_HEADER = "\r\nNats-Msg-Id: ";
const ORDER_ID = '"order_id":"';
const REFUND_ID = '"refund_id":"';
const OCCURRED_AT = '"occurred_at":"';
const CREATED_AT = '"created_at":';

/**
 * Reads an entry of the audit log. Our own events carry an id that follows from what they say; what others
 * publish carries another one, or none, and is recorded as often as it came.
 * @param text holds the entry from `start` to `end`, a character a byte
 * @param since_ms what is said to have happened before is left out
 * @returns undefined for what is not ours
 */
export function readEvent(
	text: string,
	start: number,
	end: number,
	since_ms: number | undefined,
): LoggedEvent | undefined {
	const subject = text.slice(start, text.indexOf("\r\n", start));
	if (!(subject in contracts)) return undefined;
	const headers_end = text.indexOf(HEADERS_END, start);
	const id_at = text.indexOf(ID_HEADER, start);
	if (id_at === -1 || id_at > headers_end) return undefined;
	const from = id_at + ID_HEADER.length;
	const message_id = text.slice(from, text.indexOf("\r\n", from));
	const order_id = textBehind(text, ORDER_ID, headers_end, end);
	if (order_id === undefined) return undefined;
	const isRefund = subject === "payments.refunded.v1";
	const refund_id = isRefund ? textBehind(text, REFUND_ID, headers_end, end) : undefined;
	if (message_id !== messageId(subject, refund_id ?? order_id)) return undefined;
	if (since_ms !== undefined && occurredMs(text, headers_end) < since_ms) return undefined;
	return { order_id, tally: tallyOf(subject as Subject, refund_id) };
}

function textBehind(text: string, name: string, start: number, end: number): string | undefined {
	const at = text.indexOf(name, start);
	if (at === -1 || at > end) return undefined;
	const from = at + name.length;
	return text.slice(from, text.indexOf('"', from));
}

function occurredMs(text: string, after: number): number {
	const at = text.indexOf(OCCURRED_AT, after);
	if (at !== -1) {
		const from = at + OCCURRED_AT.length;
		return Date.parse(text.slice(from, text.indexOf('"', from)));
	}
	const created_at = text.indexOf(CREATED_AT, after);
	return Number.parseInt(text.slice(created_at + CREATED_AT.length), 10);
}
