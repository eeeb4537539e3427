import { expect, test } from "bun:test";
import fc from "fast-check";
import { hashLeaf, hashLeaves } from "./hash.ts";
import { createProver, provesConsistency, provesInclusion } from "./proofs.ts";
import { tilePath } from "./tiles.ts";
import { EMPTY_TREE, growTree, rootOf } from "./tree.ts";

const SIZE_MAX = 900;
const entries = Array.from({ length: SIZE_MAX }, (_, n) => new TextEncoder().encode(`entry ${n}`));

function logOf(size: number) {
	const { tree, tiles } = growTree(EMPTY_TREE, hashLeaves(entries.slice(0, size)));
	const byPath = new Map(tiles.map((tile) => [tilePath(tile), tile.hashes]));
	const prover = createProver(size, async (place) => {
		const hashes = byPath.get(tilePath(place));
		if (hashes === undefined) throw new Error(`no tile ${tilePath(place)}`);
		return hashes;
	});
	return { size, root: rootOf(tree), prover };
}

/** A proof with one thing wrong. */
const wrong = fc.oneof(
	fc.record({ kind: fc.constant("flip" as const), at: fc.nat(), bit: fc.nat() }),
	fc.record({ kind: fc.constantFrom("drop", "double", "swap"), at: fc.nat(), bit: fc.nat() }),
);
type Wrong = typeof wrong extends fc.Arbitrary<infer T> ? T : never;

/** @returns undefined when that leaves the proof as it was */
function spoil(proof: readonly Uint8Array[], { kind, at, bit }: Wrong): Uint8Array[] | undefined {
	const copy = proof.map((hash) => hash.slice());
	const n = at % Math.max(1, copy.length);
	const hash = copy[n];
	if (hash === undefined) return kind === "double" ? [new Uint8Array(32)] : undefined;
	if (kind === "flip") hash[(bit >> 3) % 32] = (hash[(bit >> 3) % 32] ?? 0) ^ (1 << (bit % 8));
	if (kind === "drop") copy.splice(n, 1);
	if (kind === "double") copy.splice(n, 0, hash.slice());
	if (kind === "swap") {
		const other = copy[(n + 1) % copy.length] ?? hash;
		copy[(n + 1) % copy.length] = hash;
		copy[n] = other;
		if (copy.length < 2) return undefined;
	}
	return copy;
}

const size = fc.integer({ min: 1, max: SIZE_MAX });

test("inclusion: what is proved holds, and no proof with something wrong in it does", async () => {
	let rejected = 0;
	await fc.assert(
		fc.asyncProperty(size, fc.nat(), wrong, async (size, n, fault) => {
			const index = n % size;
			const { root, prover } = logOf(size);
			const leaf = hashLeaf(entries[index] as Uint8Array);
			const proof = await prover.inclusion(index);
			expect(provesInclusion({ index, size }, leaf, proof, root)).toBe(true);
			const other = hashLeaf(new TextEncoder().encode("another"));
			expect(provesInclusion({ index, size }, other, proof, root)).toBe(false);
			expect(provesInclusion({ index, size }, leaf, proof, other)).toBe(false);
			const elsewhere = (index + 1) % size;
			if (size > 1)
				expect(provesInclusion({ index: elsewhere, size }, leaf, proof, root)).toBe(false);
			expect(provesInclusion({ index: index + size, size }, leaf, proof, root)).toBe(false);
			const spoilt = spoil(proof, fault);
			if (spoilt === undefined) return;
			expect(provesInclusion({ index, size }, leaf, spoilt, root)).toBe(false);
			rejected += 1;
		}),
		{ numRuns: 300 },
	);
	expect(rejected).toBeGreaterThan(200);
});

test("consistency: what is proved holds, and no proof with something wrong in it does", async () => {
	let rejected = 0;
	await fc.assert(
		fc.asyncProperty(size, fc.nat(), wrong, async (size, n, fault) => {
			const old = logOf(1 + (n % size));
			const now = logOf(size);
			const proof = await now.prover.consistency(old.size);
			expect(await now.prover.rootAt(old.size)).toEqual(old.root);
			expect(provesConsistency(old, now, proof)).toBe(true);
			const forged = { size: old.size, root: hashLeaf(new Uint8Array()) };
			expect(provesConsistency(forged, now, proof)).toBe(false);
			expect(provesConsistency(old, { size, root: forged.root }, proof)).toBe(false);
			if (old.size < size) expect(provesConsistency(now, old, proof)).toBe(false);
			const spoilt = spoil(proof, fault);
			if (spoilt === undefined) return;
			expect(provesConsistency(old, now, spoilt)).toBe(false);
			rejected += 1;
		}),
		{ numRuns: 300 },
	);
	expect(rejected).toBeGreaterThan(200);
});

test("a log of nothing is how every log begins, and only with the root of nothing", async () => {
	const nothing = logOf(0);
	const now = logOf(10);
	expect(await now.prover.consistency(0)).toEqual([]);
	expect(provesConsistency(nothing, now, [])).toBe(true);
	expect(provesConsistency({ size: 0, root: now.root }, now, [])).toBe(false);
});
