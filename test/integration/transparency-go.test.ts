import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "../../src/object-store/open-store.ts";
import { peekCheckpoint } from "../../src/transparency/checkpoint.ts";
import { hashLeaf } from "../../src/transparency/hash.ts";
import { generateKey } from "../../src/transparency/keys.ts";
import { readTile } from "../../src/transparency/log-reader.ts";
import { createProver } from "../../src/transparency/proofs.ts";
import { entryOf, eventsOf, writeLog } from "../support/signed-log.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

// Debian's packages golang-go and golang-golang-x-mod-dev. Without them transparency-vectors.test.ts
// still compares with what Go made.
const PROGRAM = join(import.meta.dir, "fixtures/tlog-check/main.go");
const GO_PATH = "/usr/share/gocode";
const go = Bun.which("go");
const hasGo = go !== null && existsSync(join(GO_PATH, "src/golang.org/x/mod/sumdb/tlog"));

const key = generateKey("example.com/orders");
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

async function check(folder: string, public_key: string, proofs: object) {
	const program = Bun.spawn([go ?? "go", "run", PROGRAM, "check", folder, public_key], {
		env: { ...Bun.env, GO111MODULE: "off", GOPATH: GO_PATH, GOFLAGS: "" },
		stdin: Buffer.from(JSON.stringify(proofs)),
		stdout: "pipe",
		stderr: "pipe",
	});
	const [out, err] = await Promise.all([
		new Response(program.stdout).text(),
		new Response(program.stderr).text(),
	]);
	return { code: await program.exited, out: out.trim(), err: err.trim() };
}

if (!hasGo) process.stderr.write("No Go on this machine: only its vectors are compared with.\n");

test.if(hasGo)(
	"Go's own packages accept checkpoint, tiles, bundles and proofs, and refuse spoilt ones",
	async () => {
		const folder = join(temporaryFolder("go"), "log");
		const store = openStore(folder, undefined);
		const entries = Array.from({ length: 17_000 }, (_, n) => eventsOf(`order-${n}`))
			.flat()
			.map(entryOf);
		const steps = [1, 300, 4_096, 61_200, entries.length];
		await writeLog(
			store,
			key,
			steps.map((end, n) => entries.slice(steps[n - 1] ?? 0, end)),
		);
		const { size } = peekCheckpoint((await store.read("checkpoint")) ?? new Uint8Array());
		expect(size).toBe(entries.length);
		const prover = createProver(
			size,
			async (place) => (await readTile(store, place)) ?? new Uint8Array(),
		);
		const indexes = [0, 1, 255, 256, 65_535, 65_536, size - 1];
		const inclusion = await Promise.all(
			indexes.map(async (index) => ({
				index,
				leaf: base64(hashLeaf(entries[index] ?? new Uint8Array())),
				hashes: (await prover.inclusion(index)).map(base64),
			})),
		);
		const consistency = await Promise.all(
			[...steps, 257, 65_536].map(async (old) => ({
				size: old,
				root: base64(await prover.rootAt(old)),
				hashes: (await prover.consistency(old)).map(base64),
			})),
		);
		const answer = await check(folder, key.verifier.text, { inclusion, consistency });
		expect(answer).toEqual({
			code: 0,
			out: `${size} entries, ${indexes.length} inclusion proofs, ${consistency.length} consistency proofs`,
			err: "",
		});
		const other = generateKey("example.com/orders").verifier.text;
		expect((await check(folder, other, {})).code).not.toBe(0);
		const [first] = inclusion;
		const wrong = { inclusion: [{ ...first, index: 1 }] };
		expect((await check(folder, key.verifier.text, wrong)).err).toContain("inclusion of 1");
	},
	120_000,
);
