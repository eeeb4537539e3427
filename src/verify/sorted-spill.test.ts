import { expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import fc from "fast-check";
import { createSortedSpill } from "./sorted-spill.ts";

const sums = {
	join: (one: number, other: number) => one + other,
	encode: String,
	decode: Number,
};
const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith("millrace-verify-"));

test("what was added comes out in the order of the keys, and once, however little fits in memory", () => {
	const key = fc.stringMatching(/^[A-Za-z0-9_-]{1,3}$/);
	const added = fc.array(fc.tuple(key, fc.integer({ min: -9, max: 9 })), { maxLength: 60 });
	fc.assert(
		fc.property(added, fc.integer({ min: 1, max: 10 }), (entries, keys_max) => {
			const spill = createSortedSpill(sums, keys_max);
			const wanted = new Map<string, number>();
			for (const [key, value] of entries) {
				spill.add(key, value);
				wanted.set(key, (wanted.get(key) ?? 0) + value);
			}
			expect([...spill.sorted()]).toEqual([...wanted].sort(([a], [b]) => (a < b ? -1 : 1)));
			spill.close();
		}),
	);
});

test("lines longer than what is read at once come back whole", () => {
	const spill = createSortedSpill({ ...texts }, 1);
	const long = "ä".repeat(100_000);
	for (const key of ["c", "a", "b"]) spill.add(key, `${key}${long}`);
	expect([...spill.sorted()].map(([key, value]) => value === `${key}${long}`)).toEqual([
		true,
		true,
		true,
	]);
	spill.close();
});

const texts = {
	join: (one: string, other: string) => one + other,
	encode: (text: string) => text,
	decode: (text: string) => text,
};

test("nothing is left on disk", () => {
	const before = folders();
	const spill = createSortedSpill(sums, 1);
	for (const key of ["a", "b", "c"]) spill.add(key, 1);
	const [folder = ""] = folders().filter((name) => !before.includes(name));
	expect(existsSync(`${tmpdir()}/${folder}`)).toBe(true);
	spill.close();
	expect(folders().includes(folder)).toBe(false);
});
