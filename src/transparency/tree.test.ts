import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { HASH_BYTES, hashLeaf, hashLeaves, hashNode, hashTree, joined } from "./hash.ts";
import { type Tile, tilePath } from "./tiles.ts";
import { EMPTY_TREE, growTree, loadTree, rootOf, type Tree } from "./tree.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const hex = (data: Uint8Array) => Buffer.from(data).toString("hex");

/** RFC 6962, 2.1, word by word. */
function plainRoot(leaves: readonly Uint8Array[]): Uint8Array {
	const [first] = leaves;
	if (first === undefined) return Bun.SHA256.hash("") as Uint8Array;
	if (leaves.length === 1) return first;
	let split = 1;
	while (split * 2 < leaves.length) split *= 2;
	return hashNode(plainRoot(leaves.slice(0, split)), plainRoot(leaves.slice(split)));
}

function grown(entries: readonly Uint8Array[], steps: readonly number[]) {
	let tree: Tree = EMPTY_TREE;
	const tiles = new Map<string, Tile>();
	for (const step of [...steps, entries.length]) {
		const added = entries.slice(tree.size, tree.size + step);
		const next = growTree(tree, hashLeaves(added));
		for (const tile of next.tiles) tiles.set(tilePath(tile), tile);
		tree = next.tree;
	}
	return { tree, tiles };
}

const entriesOf = (count: number) =>
	Array.from({ length: count }, (_, n) => bytes(`entry ${n} ${"x".repeat(n % 70)}`));

describe("the tree", () => {
	const sizes = fc.integer({ min: 0, max: 1_500 });
	const steps = fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 5 });

	test("has the root of RFC 6962 however it grew", () => {
		fc.assert(
			fc.property(sizes, steps, (size, steps) => {
				const entries = entriesOf(size);
				const { tree } = grown(entries, steps);
				expect(tree.size).toBe(size);
				expect(hex(rootOf(tree))).toBe(hex(plainRoot(entries.map(hashLeaf))));
			}),
			{ numRuns: 30 },
		);
	});

	test("gives a tile the same bytes however it grew", () => {
		fc.assert(
			fc.property(sizes, steps, (size, steps) => {
				const entries = entriesOf(size);
				const atOnce = grown(entries, []);
				const { tree, tiles } = grown(entries, steps);
				expect(tree).toEqual(atOnce.tree);
				for (const [path, tile] of atOnce.tiles) expect(tiles.get(path)).toEqual(tile);
			}),
			{ numRuns: 20 },
		);
	});

	test("is found again in its tiles", async () => {
		for (const size of [0, 1, 255, 256, 257, 1_024, 65_536 + 300]) {
			const { tree, tiles } = grown(entriesOf(size), []);
			const read = async (place: Parameters<typeof tilePath>[0]) => {
				const tile = tiles.get(tilePath(place));
				if (tile === undefined) throw new Error(`no tile ${tilePath(place)}`);
				return tile.hashes;
			};
			const loaded = await loadTree(size, read);
			expect(loaded.size).toBe(tree.size);
			expect(hex(rootOf(loaded))).toBe(hex(rootOf(tree)));
		}
	});
});

test("a tree of nothing has the hash of nothing", () => {
	expect(hex(hashTree(new Uint8Array()))).toBe(
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	);
});

test.each([1, 2, 3, 255, 256, 257, 512, 1_000])("a tree of %d hashes has their root", (count) => {
	const leaves = entriesOf(count).map(hashLeaf);
	expect(hex(hashTree(joined(leaves)))).toBe(hex(plainRoot(leaves)));
});

test("hashes of many entries are those of each", () => {
	const entries = entriesOf(20).reverse();
	const all = hashLeaves(entries);
	for (const [n, entry] of entries.entries())
		expect(hex(all.subarray(n * HASH_BYTES, (n + 1) * HASH_BYTES))).toBe(hex(hashLeaf(entry)));
});

test.each([
	[{ level: 0, index: 0, width: 256 }, "tile/0/000"],
	[{ level: 1, index: 1_234_067, width: 256 }, "tile/1/x001/x234/067"],
	[{ level: 63, index: 12, width: 7 }, "tile/63/012.p/7"],
])("the tile %j lies at %s", (place, path) => {
	expect(tilePath(place)).toBe(path);
});
