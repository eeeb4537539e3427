import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { bundlePath, decodeBundle, decodeEntry, encodeBundle, encodeEntry } from "./audit-log.ts";

const NO_HEADERS = "NATS/1.0\r\n\r\n";
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);

describe("an entry", () => {
	const subject = fc.stringMatching(/^[a-z]{1,20}\.[a-z]{1,20}\.v[1-9]$/);
	const value = fc.stringMatching(/^[ -~]{0,40}$/);
	const block = fc
		.array(fc.tuple(fc.stringMatching(/^[A-Za-z-]{1,20}$/), value), { maxLength: 8 })
		.map((all) => `NATS/1.0\r\n${all.map(([name, it]) => `${name}: ${it}\r\n`).join("")}\r\n`);

	test("comes back as it went in, whatever the payload", () => {
		fc.assert(
			fc.property(subject, block, fc.uint8Array({ maxLength: 500 }), (subject, headers, data) => {
				const found = decodeEntry(encodeEntry({ subject, headers: bytes(headers), data }));
				expect(found.subject).toBe(subject);
				expect(text(found.headers)).toBe(headers);
				expect([...found.data]).toEqual([...data]);
			}),
		);
	});

	test("without headers gets an empty block, so that its payload cannot pass for one", () => {
		const data = bytes("Nats-Msg-Id: x\r\n\r\n{}");
		const encoded = encodeEntry({ subject: "a.b.v1", headers: new Uint8Array(), data });
		expect(text(encoded)).toBe(`a.b.v1\r\n${NO_HEADERS}${text(data)}`);
		expect(text(decodeEntry(encoded).data)).toBe(text(data));
	});

	test("has at most 65,535 bytes", () => {
		const headers = bytes(NO_HEADERS);
		const room = 65_535 - "a.b.v1\r\n".length - headers.length;
		const make = (length: number) =>
			encodeEntry({ subject: "a.b.v1", headers, data: new Uint8Array(length) });
		expect(make(room)).toHaveLength(65_535);
		expect(() => make(room + 1)).toThrow(RangeError);
	});

	test.each(["", "a.b.v1", "\r\n\r\n", "a.b.v1\r\nNATS/1.0"])("is not %j", (broken) => {
		expect(() => decodeEntry(bytes(broken))).toThrow(RangeError);
	});
});

describe("a bundle", () => {
	const entries = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 });

	test("comes back as it went in", () => {
		fc.assert(
			fc.property(entries, (list) => {
				expect(decodeBundle(encodeBundle(list)).map((it) => [...it])).toEqual(
					list.map((it) => [...it]),
				);
			}),
		);
	});

	test("has each entry behind its length, most significant byte first", () => {
		const encoded = encodeBundle([bytes("ab"), new Uint8Array(258)]);
		expect([...encoded.subarray(0, 6)]).toEqual([0, 2, 97, 98, 1, 2]);
	});

	test("that was cut short is refused", () => {
		const encoded = encodeBundle([bytes("abc")]);
		for (let length = 1; length < encoded.length; length += 1)
			expect(() => decodeBundle(encoded.subarray(0, length))).toThrow(RangeError);
	});

	test.each([
		[0, undefined, "tile/entries/000"],
		[67, undefined, "tile/entries/067"],
		[999, undefined, "tile/entries/999"],
		[1_000, undefined, "tile/entries/x001/000"],
		[1_234_067, undefined, "tile/entries/x001/x234/067"],
		[0, 1, "tile/entries/000.p/1"],
		[1_234_067, 255, "tile/entries/x001/x234/067.p/255"],
	])("%p of width %p lies at %s", (index, width, path) => {
		expect(bundlePath(index, width)).toBe(path);
	});
});
