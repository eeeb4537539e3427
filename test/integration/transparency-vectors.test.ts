import { beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { hashLeaves } from "../../src/transparency/hash.ts";
import { readSignerKey } from "../../src/transparency/keys.ts";
import { openNote, signNote } from "../../src/transparency/note.ts";
import { createProver } from "../../src/transparency/proofs.ts";
import { tilePath } from "../../src/transparency/tiles.ts";
import { EMPTY_TREE, growTree, rootOf } from "../../src/transparency/tree.ts";
import vectors from "./fixtures/tlog-check/vectors.json" with { type: "json" };

// Made by Go's own golang.org/x/mod/sumdb packages: fixtures/tlog-check/main.go.
const sha256 = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");
const hex = (data: Uint8Array) => Buffer.from(data).toString("hex");

let leaves = new Uint8Array();
beforeAll(() => {
	const largest = Math.max(...vectors.trees.map(({ size }) => size));
	const entries = Array.from({ length: largest }, (_, n) => Buffer.from(`entry ${n}`));
	leaves = hashLeaves(entries) as Uint8Array<ArrayBuffer>;
});

describe("as Go has it", () => {
	test.each(vectors.trees)("a tree of $size: root, tiles and proofs", async (expected) => {
		const { size } = expected;
		const { tree, tiles } = growTree(EMPTY_TREE, leaves.subarray(0, size * 32));
		const byPath = new Map(tiles.map((tile) => [tilePath(tile), tile.hashes]));
		expect(hex(rootOf(tree))).toBe(expected.root);
		for (const [path, hash] of Object.entries(expected.tiles_sha256))
			expect([path, sha256(byPath.get(path) ?? Buffer.from("none"))]).toEqual([path, hash]);
		const prover = createProver(size, async (place) => byPath.get(tilePath(place)) ?? leaves);
		for (const [index, hash] of Object.entries(expected.inclusion_sha256)) {
			const proof = Buffer.concat(await prover.inclusion(Number(index)));
			expect([index, sha256(proof)]).toEqual([index, hash]);
		}
		for (const [old, hash] of Object.entries(expected.consistency_sha256)) {
			const proof = Buffer.concat(await prover.consistency(Number(old)));
			expect([old, sha256(proof)]).toEqual([old, hash]);
		}
	});

	test("a note is signed to the byte as Go signs it, and opens", () => {
		const key = readSignerKey(vectors.signer);
		expect(signNote(vectors.text, [key])).toBe(vectors.note);
		expect(openNote(Buffer.from(vectors.note), [key.verifier]).text).toBe(vectors.text);
	});
});
