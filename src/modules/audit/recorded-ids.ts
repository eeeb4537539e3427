import { decodeEntry } from "../../contracts/audit-log.ts";
import type { StreamMessage } from "../../messaging/reader.ts";
import { withoutPersonal } from "../../transparency/personal-fields.ts";

const ID_HEADER = /\r\nNats-Msg-Id: ([^\r]*)\r\n/;
const OCCURRED = /"(?:occurred_at|created_at)":\s*"?([^",}]+)/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-/;

/**
 * 16 hexadecimal digits that stand for an event in the index of recorded ids: the first of its id, or
 * of a hash where the id is not a UUID or there is none. Personal fields do not count: in the log they are
 * sealed, perhaps by a key that is gone.
 */
function prefixOf(message_id: string | undefined, data: Uint8Array): string {
	if (message_id !== undefined && UUID.test(message_id)) {
		return message_id.slice(0, 8) + message_id.slice(9, 13) + message_id.slice(14, 18);
	}
	return Bun.hash
		.xxHash64(message_id ?? withoutPersonal(data))
		.toString(16)
		.padStart(16, "0");
}

export function prefixOfMessage({ message_id, data }: StreamMessage): string {
	return prefixOf(message_id, data);
}

export function prefixOfEntry(bytes: Uint8Array): string {
	const { headers, data } = decodeEntry(bytes);
	return prefixOf(ID_HEADER.exec(new TextDecoder().decode(headers))?.[1], data);
}

export function encodePrefixes(prefixes: readonly string[]): Uint8Array {
	return Buffer.from(prefixes.join(""), "hex");
}

export function decodePrefixes(bytes: Uint8Array): string[] {
	return Buffer.from(bytes).toString("hex").match(/.{16}/g) ?? [];
}

/** When an event says it happened, in epoch ms; 0 when it does not say so. */
export function occurredMs({ data }: StreamMessage): number {
	const stated = OCCURRED.exec(new TextDecoder().decode(data))?.[1]?.trim() ?? "";
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
	known: ReadonlySet<string>,
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
