import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { encodeEntry } from "../contracts/audit-log.ts";
import { findPersonal, withoutPersonal } from "./personal-fields.ts";
import { createSealer, type PersonalKey, SealError } from "./seal.ts";
import { FORGOTTEN, keyIdsIn, parseSealed, SEALED, unseal } from "./unseal.ts";

const SUBJECT = "orders.created.v1";
const key: PersonalKey = { key_id: "key-of-ada", key: new Uint8Array(32).fill(7) };
const other: PersonalKey = { key_id: "key-of-bob", key: new Uint8Array(32).fill(8) };
const keys = new Map([[key.key_id, key.key]]);

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const textOf = (data: Uint8Array) => Buffer.from(data).toString();
const ownerOf = (text: string, subject = "some.other.event") =>
	findPersonal(subject, bytes(text))?.owner;

function sealed(text: string, with_key = key): Uint8Array {
	const found = findPersonal(SUBJECT, bytes(text));
	return found === undefined ? bytes(text) : createSealer()(found, with_key);
}

function opened(data: Uint8Array): string {
	return textOf(unseal({ subject: SUBJECT, headers: new Uint8Array(), data }, keys).data);
}

describe("a payload", () => {
	test.each([
		'{"order_id":"o-1","customer_id":"ada","payment_token":"tok"}',
		'{ "customer_id" : "ada" ,\n\t"order_id":"o-1" }',
		'{"customer_id":"a\\"d\\\\a","order_id":"o-1","note":"\\"customer_id\\":\\"x\\""}',
		'{"customer_id":"ádå 🙂","name":"é"}',
		'{"customer_id":17,"payment_token":null}',
		'{"customer_id":"ada","customer_id":"bob"}',
		'{"customer_id":{"sealed":"a.b"}}',
		'[{"customer_id":"ada"},{"payment_token":"tok"}]',
		'no JSON, but "customer_id": "ada"',
		'"customer_id":"payment_token":"no JSON"',
	])("%s has its personal fields sealed, and is the same to the byte when it is opened", (text) => {
		const data = sealed(text);
		for (const value of ["ada", "tok", "bob", "ádå", "17"])
			expect(textOf(data)).not.toInclude(`"${value}`);
		expect(textOf(data)).toMatch(/"customer_id"\s*:\s*\{"sealed":"key-of-ada\.[\w-]{38,}"\}/);
		expect(opened(data)).toBe(text);
	});

	test("hides no field behind escapes, nor behind objects", () => {
		const text = '{"\\u0063ustomer_id":"ada","payment_token":{"card":"4242"},"order_id":"o-1"}';
		const data = sealed(text);
		expect(textOf(data)).not.toMatch(/"ada"|4242/);
		expect(JSON.parse(opened(data))).toEqual({
			customer_id: "ada",
			payment_token: '{"card":"4242"}',
			order_id: "o-1",
		});
	});

	test("without personal fields stays as it is", () => {
		for (const text of [
			"",
			"\xff\u0000",
			'{"order_id":"o-1"}',
			'{"note":"\\u0041"}',
			"customer_id",
		])
			expect(textOf(sealed(text))).toBe(text);
	});

	test("may be anything", () => {
		fc.assert(
			fc.property(fc.json(), fc.string(), (text, customer) => {
				const payload = `{"a":${text},"customer_id":${JSON.stringify(customer)}}`;
				expect(JSON.parse(opened(sealed(payload)))).toEqual(JSON.parse(payload));
			}),
		);
	});

	test("of nothing but personal fields becomes no longer than an entry may be", () => {
		const list = Array.from({ length: 2_400 }, () => ({ customer_id: "a", n: 1 }));
		const text = JSON.stringify(list);
		expect(text.length).toBeGreaterThan(50_000);
		const data = sealed(text);
		expect(textOf(data)).not.toInclude('"a"');
		encodeEntry({ subject: SUBJECT, headers: new Uint8Array(), data });
	});
});

describe("what is sealed", () => {
	const text = '{"order_id":"o-1","customer_id":"ada","payment_token":"ada"}';

	test("is the same each time, and another thing for another value, field, order or key", () => {
		expect(sealed(text)).toEqual(sealed(text));
		const all = [
			...textOf(sealed(text)).matchAll(/"sealed":"([^"]+)"/g),
			...textOf(sealed(text.replace("o-1", "o-2"))).matchAll(/"sealed":"([^"]+)"/g),
			...textOf(sealed(text.replaceAll("ada", "bob"))).matchAll(/"sealed":"([^"]+)"/g),
			...textOf(sealed(text, other)).matchAll(/"sealed":"([^"]+)"/g),
		].map(([, box = ""]) => box.split(".")[1]);
		expect(all).toHaveLength(8);
		expect(new Set(all.map((box) => box?.slice(0, 16))).size).toBe(8);
	});

	test("is shown as sealed without keys, and as forgotten without its own", () => {
		const entry = { subject: SUBJECT, headers: new Uint8Array(), data: sealed(text) };
		const shown = (with_keys: typeof keys | undefined) =>
			JSON.parse(textOf(unseal(entry, with_keys).data));
		expect(shown(undefined)).toMatchObject({ customer_id: SEALED, order_id: "o-1" });
		expect(shown(new Map())).toMatchObject({ customer_id: FORGOTTEN, payment_token: FORGOTTEN });
		expect(keyIdsIn(entry)).toEqual([key.key_id, key.key_id]);
		expect(parseSealed(textOf(sealed(text)))).toEqual({
			order_id: "o-1",
			customer_id: "sealed",
			payment_token: "sealed",
		});
	});

	test("opens neither changed nor in another place nor with another key", () => {
		const data = textOf(sealed(text));
		const [customer = "", token = ""] = data.match(/\{"sealed":"[^"]+"\}/g) ?? [];
		const spoilt = [
			...Array.from({ length: 6 }, (_, n) => {
				const at = data.indexOf("key-of-ada.") + 11 + n * 7;
				return data.slice(0, at) + (data[at] === "A" ? "B" : "A") + data.slice(at + 1);
			}),
			data.replace(customer, token),
			data.replace("o-1", "o-2"),
			data.replace(/(key-of-ada)\.[^"]+/, "$1."),
			textOf(sealed(text, { ...key, key: other.key })),
		];
		for (const one of spoilt) expect(() => opened(bytes(one))).toThrow(SealError);
	});

	test("is the same as what is not, but for its personal fields", () => {
		for (const given of [text, '{"\\u0063ustomer_id":"ada","a":"\\u0001"}', '{"order_id":"o-1"}']) {
			const rest = withoutPersonal(bytes(given));
			expect(withoutPersonal(sealed(given))).toEqual(rest);
			expect(textOf(rest)).not.toInclude("ada");
		}
		expect(withoutPersonal(bytes('{"customer_id":"a","n":1}'))).not.toEqual(
			withoutPersonal(bytes('{"customer_id":"a","n":2}')),
		);
	});
});

describe("the customer of an event is", () => {
	test.each([
		['{"tenant_id":"t","customer_id":"ada"}', "t", "ada"],
		['{"customer_id":"ada"}', "default", "ada"],
		[
			'{"lines":[{"tenant_id":"x","customer_id":"bob"}],"tenant_id":"t","customer_id":"ada"}',
			"t",
			"ada",
		],
		['{"customer_id":"ada","meta":{"tenant_id":"x"}}', "default", "ada"],
		['{"customer_id":"bob","customer_id":"ada"}', "default", "ada"],
		['{"\\u0063ustomer_id":"ada"}', "default", "ada"],
		['{"a":[{"customer_id":"ada"}]}', "default", "ada"],
		['"customer_id":"ada", and no JSON', "default", "ada"],
	])("that of %s", (text, tenant_id, customer_id) => {
		expect(ownerOf(text)).toEqual({ tenant_id, customer_id });
	});

	test("of the default tenant where the contract knows no tenants", () => {
		const text = '{"tenant_id":"t","customer_id":"ada"}';
		expect(ownerOf(text, SUBJECT)).toEqual({ tenant_id: "default", customer_id: "ada" });
	});

	test("kept as a hash where it cannot be an id", () => {
		const found = ['"ada@example.com"', '"\\u0000"', `"${"x".repeat(65)}"`, "17", "{}", '""'].map(
			(value) => ownerOf(`{"customer_id":${value}}`)?.customer_id,
		);
		for (const id of found) expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
		expect(new Set(found).size).toBe(found.length);
		expect(ownerOf('{"payment_token":"tok"}')?.customer_id).toBe(found[5] as string);
	});
});
