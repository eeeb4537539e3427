/** What the generator wants to know of an HTTP answer. */
export interface Answer {
	readonly status: number;
	/** Undefined when the body has none, as in a problem. */
	readonly order_id: string | undefined;
}

const STATUS_AT = "HTTP/1.1 ".length;
const LENGTH = "\r\nContent-Length: ";
const ORDER_ID = '"order_id":"';

/**
 * Reads an answer from what came so far, one character a byte.
 * @returns undefined while it is not whole
 * @throws Error for an answer without a length.
 */
export function parseAnswer(received: string): Answer | undefined {
	const head_end = received.indexOf("\r\n\r\n");
	if (head_end < 0) return undefined;
	const body_at = head_end + 4;
	if (received.length < body_at + contentLength(received)) return undefined;
	const status = Number.parseInt(received.slice(STATUS_AT, STATUS_AT + 3), 10);
	const id_at = received.indexOf(ORDER_ID, body_at);
	if (id_at < 0) return { status, order_id: undefined };
	const from = id_at + ORDER_ID.length;
	return { status, order_id: received.slice(from, received.indexOf('"', from)) };
}

function contentLength(received: string): number {
	const at = received.indexOf(LENGTH);
	if (at >= 0)
		return Number.parseInt(received.slice(at + LENGTH.length, at + LENGTH.length + 8), 10);
	const found = /\r\ncontent-length: *(\d+)/i.exec(received);
	if (found?.[1] === undefined) throw new Error("an answer without a content-length");
	return Number(found[1]);
}
