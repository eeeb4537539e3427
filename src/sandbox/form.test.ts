import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decodeForm, fingerprint, under } from "./form.ts";

/** Text that can be encoded: a lone surrogate cannot. */
const text = fc.string({ unit: "grapheme" });
const name = text.filter((value) => value !== "" && !value.endsWith("[]"));
const pairs = fc.uniqueArray(fc.tuple(name, text), { selector: ([key]) => key });

describe("a form", () => {
	test("gives back what URLSearchParams wrote, whatever the text", () => {
		fc.assert(
			fc.property(pairs, (given) => {
				const decoded = decodeForm(new URLSearchParams(given).toString());
				expect([...decoded]).toEqual(given);
			}),
		);
	});

	test("gives back what encodeURIComponent wrote, whatever the text", () => {
		fc.assert(
			fc.property(pairs, (given) => {
				const encoded = given.map((pair) => pair.map(encodeURIComponent).join("=")).join("&");
				expect([...decodeForm(encoded)]).toEqual(given);
			}),
		);
	});

	test("reads any text, or says that a percent sign is astray", () => {
		fc.assert(
			fc.property(text, (given) => {
				try {
					decodeForm(given);
				} catch (error) {
					expect(error).toBeInstanceOf(URIError);
					expect(given).toContain("%");
				}
			}),
		);
	});

	test("numbers values that have no position of their own", () => {
		expect([...decodeForm("a[]=x&a[]=y&b=1&a%5B%5D=z")]).toEqual([
			["a[0]", "x"],
			["a[1]", "y"],
			["b", "1"],
			["a[2]", "z"],
		]);
	});

	test("takes the last value of a name, and empty ones", () => {
		expect([...decodeForm("a=1&&b&c=&a=2&")]).toEqual([
			["a", "2"],
			["b", ""],
			["c", ""],
		]);
	});
});

test("what is under a name is one level deep, and no name is special", () => {
	const form = decodeForm("metadata[a]=1&metadata[__proto__]=2&metadata=3&metadatas[b]=4&x[a]=5");
	const found = under(form, "metadata");
	expect(Object.entries(found)).toEqual([
		["a", "1"],
		["__proto__", "2"],
	]);
});

describe("a fingerprint", () => {
	test("is the same in any order", () => {
		fc.assert(
			fc.property(pairs, fc.nat(), (given, turn) => {
				const at = given.length === 0 ? 0 : turn % given.length;
				const turned = [...given.slice(at), ...given.slice(0, at)];
				expect(fingerprint("/v1", new Map(turned))).toBe(fingerprint("/v1", new Map(given)));
			}),
		);
	});

	test("is another for another path, value or name", () => {
		const one = fingerprint("/a", decodeForm("x=1&y=2"));
		const others = [
			fingerprint("/b", decodeForm("x=1&y=2")),
			fingerprint("/a", decodeForm("x=2&y=1")),
			fingerprint("/a", decodeForm("x=1")),
			fingerprint("/a", decodeForm("x=1&z=2")),
		];
		expect(others).not.toContain(one);
	});
});
