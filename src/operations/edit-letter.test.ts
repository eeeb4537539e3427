import { describe, expect, test } from "bun:test";
import type { StoredLetter } from "../messaging/dead-letter-reader.ts";
import { EditError, editLetter, fieldChanges } from "./edit-letter.ts";

const data = {
	message_id: "m-1",
	order_id: "A-1",
	customer_id: "customer-1",
	total_amount: "12.50",
	created_at: 1_767_323_045_678,
};

const letter = (change: Partial<StoredLetter> = {}) =>
	({
		subject: "orders.created.v1",
		message_id: "m-1",
		order_id: "A-1",
		data: new TextEncoder().encode(JSON.stringify(data)),
		...change,
	}) as StoredLetter;

describe("an edit", () => {
	const right = { ...data, total_amount: 12.5 };

	test("is an event with an id of its own, the same for the same edit", () => {
		const [one, again, other] = [right, { ...right }, { ...right, total_amount: 13 }].map(
			(edited) => editLetter(letter(), edited),
		);
		expect(one?.replacement).toEqual(again?.replacement as never);
		expect(one?.replacement.message_id).not.toBe(other?.replacement.message_id as never);
		expect(JSON.parse(one?.replacement.data ?? "")).toEqual({
			...right,
			message_id: one?.replacement.message_id,
		});
		expect(one?.changes).toEqual([{ field: "total_amount", before: "12.50", after: 12.5 }]);
	});

	test.each<[string, StoredLetter, Record<string, unknown>, RegExp]>([
		["does not keep the contract", letter(), data, /contract: [\s\S]*total_amount/],
		["is about another order", letter(), { ...right, order_id: "A-2" }, /about order A-1/],
		["is of a version nobody here knows", letter({ subject: "orders.created.v9" }), right, /v9/],
	])("is refused when it %s", (_, of, edited, said) => {
		expect(() => editLetter(of, edited)).toThrow(EditError);
		expect(() => editLetter(of, edited)).toThrow(said);
	});
});

test.each<[string, unknown, unknown, object[]]>([
	["nothing", { a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, []],
	["a value", { a: 1 }, { a: 2 }, [{ field: "a", before: 1, after: 2 }]],
	["a field that is new", {}, { a: null }, [{ field: "a", after: null }]],
	["a field that is gone", { a: 1 }, {}, [{ field: "a", before: 1 }]],
	[
		"a place in a list",
		{ lines: [{ sku: "A" }, { sku: "B" }] },
		{ lines: [{ sku: "A" }, { sku: "C" }] },
		[{ field: "lines.1.sku", before: "B", after: "C" }],
	],
	["all of a text", "{", { a: 1 }, [{ field: "(all)", before: "{", after: { a: 1 } }]],
])("changes say %s", (_, before, after, changes) => {
	expect(fieldChanges(before, after, "")).toEqual(changes as never);
});
