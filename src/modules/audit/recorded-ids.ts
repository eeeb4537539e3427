import type { StreamMessage } from "../../messaging/reader.ts";
import { decodeEntry } from "./audit.ts";

const PREFIX_BYTES = 8;
const ID_HEADER = /\r\nNats-Msg-Id: ([^\r]*)\r\n/;
const OCCURRED = /"(?:occurred_at|created_at)":\s*"?([^",}]+)/;

/** 64 bits that stand for an event in the index of recorded ids: of its id, or of its payload when it has none. */
function prefixOf(message_id: string | undefined, data: Uint8Array): bigint {
	return Bun.hash.xxHash64(message_id ?? data);
}

export function prefixOfMessage({ message_id, data }: StreamMessage): bigint {
	return prefixOf(message_id, data);
}

export function prefixOfEntry(bytes: Uint8Array): bigint {
	const { headers, data } = decodeEntry(bytes);
	return prefixOf(ID_HEADER.exec(new TextDecoder().decode(headers))?.[1], data);
}

export function encodePrefixes(prefixes: readonly bigint[]): Uint8Array {
	const bytes = new Uint8Array(prefixes.length * PREFIX_BYTES);
	const view = new DataView(bytes.buffer);
	for (const [index, prefix] of prefixes.entries()) view.setBigUint64(index * PREFIX_BYTES, prefix);
	return bytes;
}

export function decodePrefixes(bytes: Uint8Array): bigint[] {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	const prefixes: bigint[] = [];
	for (let at = 0; at < bytes.length; at += PREFIX_BYTES) prefixes.push(view.getBigUint64(at));
	return prefixes;
}

/** When an event says it happened, in epoch ms; 0 when it does not say so. */
export function occurredMs({ data }: StreamMessage): number {
	const stated = OCCURRED.exec(new TextDecoder().decode(data))?.[1] ?? "";
	const time = /^\d+$/.test(stated) ? Number(stated) : Date.parse(stated);
	return Number.isNaN(time) ? 0 : time;
}

/**
 * Leaves out what is recorded already. A message that cannot be a copy stays; one that may be a copy
 * stays unless its id is known or comes earlier in the same batch.
 * @param known prefixes of recorded ids, as far back as the messages go
 */
export function withoutCopies(
	messages: readonly StreamMessage[],
	mayBeCopy: (message: StreamMessage) => boolean,
	known: ReadonlySet<bigint>,
): StreamMessage[] {
	const seen = new Set(known);
	for (const message of messages) if (!mayBeCopy(message)) seen.add(prefixOfMessage(message));
	return messages.filter((message) => {
		if (!mayBeCopy(message)) return true;
		const prefix = prefixOfMessage(message);
		if (seen.has(prefix)) return false;
		seen.add(prefix);
		return true;
	});
}
