import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { encodeEntry } from "../../contracts/audit-log.ts";
import type { StreamMessage } from "../../messaging/reader.ts";
import {
	decodePrefixes,
	encodePrefixes,
	occurredMs,
	prefixOfEntry,
	prefixOfMessage,
	withoutCopies,
} from "./recorded-ids.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function message(message_id: string | undefined, data = "{}"): StreamMessage {
	const named = message_id === undefined ? "" : `NATS/1.0\r\nNats-Msg-Id: ${message_id}\r\n\r\n`;
	return {
		stream: "ORDERS",
		sequence: 1,
		subject: "orders.created.v2",
		headers: bytes(named),
		data: bytes(data),
		message_id,
		traceparent: undefined,
		republished: false,
		pending: 0,
	} as StreamMessage;
}

describe("the prefix of an event", () => {
	test.each(["2e35da57-890b-5690-9f41-7bea743ae788", "old/4711", undefined])(
		"of id %p is the same in the stream and in the log",
		(id) => {
			const found = message(id, '{"a":1}');
			expect(prefixOfMessage(found)).toBe(prefixOfEntry(encodeEntry(found)));
			expect(prefixOfMessage(found)).toMatch(/^[0-9a-f]{16}$/);
		},
	);

	test("without an id is the same when its personal fields are sealed, whatever they are", () => {
		const found = message(undefined, '{"order_id":"a","customer_id":"ada"}');
		const sealed = message(undefined, '{"order_id":"a","customer_id":{"sealed":"key.box"}}');
		expect(prefixOfEntry(encodeEntry(sealed))).toBe(prefixOfMessage(found));
		const other = message(undefined, '{"order_id":"b","customer_id":"ada"}');
		expect(prefixOfMessage(other)).not.toBe(prefixOfMessage(found));
	});

	test("differs by id, and by payload where there is none", () => {
		const all = [
			message("2e35da57-890b-5690-9f41-7bea743ae788"),
			message("2e35da57-890b-5691-9f41-7bea743ae788"),
			message("a"),
			message("b"),
			message(undefined, "1"),
			message(undefined, "2"),
		];
		expect(new Set(all.map(prefixOfMessage)).size).toBe(all.length);
	});

	test("survives being stored", () => {
		const prefix = fc.stringMatching(/^[0-9a-f]{16}$/);
		fc.assert(
			fc.property(fc.array(prefix), (list) => {
				const stored = encodePrefixes(list);
				expect(stored).toHaveLength(list.length * 8);
				expect(decodePrefixes(stored)).toEqual(list);
			}),
		);
	});
});

test.each([
	['{"occurred_at":"2026-01-02T03:04:05.678Z"}', 1_767_323_045_678],
	['{"created_at": 1767323045678 }', 1_767_323_045_678],
	['{"occurred_at":"soon"}', 0],
	["{}", 0],
	["\xff", 0],
])("%s happened at %p", (data, time_ms) => {
	expect(occurredMs(message("a", data))).toBe(time_ms);
});

describe("copies", () => {
	const marked = (id: string) => ({ ...message(id), republished: true });
	const mayBeCopy = ({ republished }: StreamMessage) => republished;
	const known = (...ids: string[]) => new Set(ids.map((id) => prefixOfMessage(message(id))));
	const kept = (list: readonly StreamMessage[], recorded = known()) =>
		withoutCopies(list, mayBeCopy, recorded).map((it) => it.message_id);

	test("that are not marked are never left out", () => {
		expect(kept([message("a"), message("b")], known("a"))).toEqual(["a", "b"]);
	});

	test("that are marked are left out when they are recorded", () => {
		expect(kept([marked("a"), marked("b")], known("a"))).toEqual(["b"]);
	});

	test("that are marked are left out when they come twice, or beside the first", () => {
		expect(kept([marked("a"), marked("a")])).toEqual(["a"]);
		expect(kept([message("a"), marked("a")])).toEqual(["a"]);
		expect(kept([marked("a"), message("a")])).toEqual(["a"]);
	});
});
