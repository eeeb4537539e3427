import { expect, test } from "bun:test";
import fc from "fast-check";
import { BUNDLE_WIDTH } from "../../contracts/audit-log.ts";
import { cutBundles } from "./audit.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("cutting keeps every entry at its index", () => {
	const sizes = fc.integer({ min: 0, max: 1_000 });
	fc.assert(
		fc.property(sizes, sizes, (size, count) => {
			const all = Array.from({ length: size + count }, (_, n) => bytes(String(n)));
			const tail = all.slice(size - (size % BUNDLE_WIDTH), size);
			const bundles = cutBundles(size, tail, all.slice(size));
			for (const { index, entries } of bundles) {
				const from = index * BUNDLE_WIDTH;
				expect(entries).toEqual(all.slice(from, from + BUNDLE_WIDTH));
			}
			const last = bundles.at(-1);
			const end = last ? last.index * BUNDLE_WIDTH + last.entries.length : size;
			expect(end).toBe(size + count);
		}),
		{ numRuns: 50 },
	);
});
