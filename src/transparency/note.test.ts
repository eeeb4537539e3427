import { expect, test } from "bun:test";
import { openCheckpoint, signCheckpoint } from "./checkpoint.ts";
import { generateKey, readSignerKey, readVerifierKey } from "./keys.ts";
import { openNote, signNote } from "./note.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const ours = generateKey("example.com/log");
const theirs = generateKey("example.com/log");

test("a key comes back from its text, and not when a character of it is another", () => {
	expect(readSignerKey(ours.private_text).verifier.text).toBe(ours.verifier.text);
	expect(readVerifierKey(ours.verifier.text).hash).toBe(ours.verifier.hash);
	for (const text of [ours.verifier.text, ours.private_text]) {
		const read = text.startsWith("PRIVATE") ? readSignerKey : readVerifierKey;
		for (let at = 0; at < text.length; at += 1) {
			const other = text[at] === "A" ? "B" : "A";
			expect(() => read(`${text.slice(0, at)}${other}${text.slice(at + 1)}`)).toThrow();
		}
	}
	expect(() => readVerifierKey(ours.private_text)).toThrow("private key");
	expect(() => generateKey("two words")).toThrow("no blanks");
});

test("a note is opened by whoever signed it, and passes over others", () => {
	const note = bytes(signNote("a line\n\nanother\n", [ours, theirs]));
	expect(openNote(note, [theirs.verifier]).signed_by).toEqual([theirs.verifier]);
	expect(openNote(note, [ours.verifier]).text).toBe("a line\n\nanother\n");
	const stranger = generateKey("stranger").verifier;
	expect(() => openNote(note, [stranger])).toThrow("no signature of stranger");
});

test("a checkpoint comes back, and with any bit of it turned it does not", () => {
	const root = new Uint8Array(32).fill(7);
	const head = { origin: "example.com/log", size: 1_234, root, extensions: ["more"] };
	const signed = signCheckpoint(head, [ours]);
	expect(openCheckpoint(signed, [ours.verifier])).toEqual({
		...head,
		root: Buffer.from(root) as never,
		signed_by: [ours.verifier],
	});
	let opened = 0;
	for (let bit = 0; bit < signed.length * 8; bit += 1) {
		const spoilt = signed.slice();
		spoilt[bit >> 3] = (spoilt[bit >> 3] ?? 0) ^ (1 << (bit % 8));
		try {
			openCheckpoint(spoilt, [ours.verifier]);
			opened += 1;
		} catch {}
	}
	expect(opened).toBe(0);
});

test("a checkpoint of another log is refused, though the key fits", () => {
	const head = { origin: "example.com/other", size: 0, root: new Uint8Array(32), extensions: [] };
	const signed = signCheckpoint(head, [ours]);
	expect(() => openCheckpoint(signed, [ours.verifier])).toThrow(
		"a checkpoint of example.com/other",
	);
});

test.each([
	"example.com/log\n01\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n",
	"example.com/log\n-1\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n",
	"example.com/log\n9007199254740993\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n",
	"example.com/log\n1\nBwcH\n",
	"example.com/log\n",
])("what is signed and no checkpoint is refused: %j", (text) => {
	const note = bytes(signNote(text, [ours]));
	expect(() => openCheckpoint(note, [ours.verifier])).toThrow("not a checkpoint");
});
