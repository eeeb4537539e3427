import { expect, test } from "bun:test";
import fc from "fast-check";
import { encodeBundle } from "../contracts/audit-log.ts";
import { hashLeaves } from "./hash.ts";
import { encodeIndex, findInIndex, indexRecords, orderIdOf } from "./order-index.ts";
import { countEntries, layOut, orderHash, scanBundle, textsOf } from "./scan-bundle.ts";

const id = fc.stringMatching(/^[a-z0-9-]{1,12}$/);
const text = fc.oneof(
	id.map((it) => `a.b.v1\r\nNATS/1.0\r\n\r\n{"order_id":"${it}"}`),
	id.map(
		(it) => `a.b.v1\r\nNATS/1.0\r\n\r\n{"name":"Zoë 🍏", "order_id" : "${it}","order_id":"other"}`,
	),
	fc.string({ maxLength: 300, unit: "binary" }),
	fc.constantFrom("", "x".repeat(700), '{"order_id":"cut'),
);
const entries = fc.array(
	text.map((it) => new Uint8Array(Buffer.from(it))),
	{ maxLength: 30 },
);

test("what is found in a bundle as a whole is what is found in each entry", () => {
	fc.assert(
		fc.property(entries, fc.nat({ max: 5 }), (list, skipped) => {
			const bundle = encodeBundle(list);
			const before = bundle.slice();
			const rest = list.slice(skipped);
			const { leaves, orders } = scanBundle(layOut(bundle), skipped);
			expect(bundle).toEqual(before);
			expect(Buffer.compare(leaves, hashLeaves(rest))).toBe(0);
			expect(orders).toEqual(
				rest.map((entry) => {
					const order_id = orderIdOf(entry);
					return order_id === undefined ? -1 : orderHash(order_id);
				}),
			);
			expect(textsOf(layOut(bundle))).toEqual(list.map((entry) => Buffer.from(entry).toString()));
			expect(countEntries(bundle)).toBe(list.length);
			if (bundle.length > 0) expect(countEntries(bundle.subarray(0, -1))).toBeUndefined();
		}),
	);
});

test("an index finds every entry of an order, and no entry that was not put in", () => {
	fc.assert(
		fc.property(fc.array(id, { maxLength: 200 }), id, (ids, absent) => {
			const index = encodeIndex(indexRecords(4_096 * 3, ids.map(orderHash)));
			for (const order_id of [...ids, absent]) {
				const wanted = ids.flatMap((it, n) => (it === order_id ? [n] : []));
				expect(findInIndex(index, order_id)).toEqual(expect.arrayContaining(wanted));
				for (const n of findInIndex(index, order_id))
					expect(orderHash(ids[n] ?? "")).toBe(orderHash(order_id));
			}
		}),
		{ numRuns: 50 },
	);
});
