import { beforeAll, describe, expect, test } from "bun:test";
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundlePath, decodeBundle, encodeBundle } from "../../src/contracts/audit-log.ts";
import { openStore } from "../../src/object-store/open-store.ts";
import { generateKey } from "../../src/transparency/keys.ts";
import { type LogVerdict, verifyLog } from "../../src/transparency/verify-log.ts";
import { filesOf } from "../support/audit-log.ts";
import { entryOf, eventsOf, writeLog } from "../support/signed-log.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const SIZE = 4_700;
/** Bits turned one after the other, and in a log of how many entries. The larger one has an index file. */
const FLIPS = [
	{ flips: 850, size: 700 },
	{ flips: 150, size: SIZE },
];
const key = generateKey("example.com/orders");
const thief = generateKey("example.com/orders");

const entries = Array.from({ length: Math.ceil(SIZE / 4) }, (_, n) => eventsOf(`order-${n}`))
	.flat()
	.map(entryOf)
	.slice(0, SIZE);
const sound = join(temporaryFolder("tampering"), "log");
let older: Uint8Array;

beforeAll(async () => {
	const store = openStore(sound, undefined);
	await writeLog(store, key, [entries.slice(0, 300)]);
	older = readFileSync(join(sound, "checkpoint"));
	await writeLog(store, key, [entries.slice(300, 4_500), entries.slice(4_500)]);
});

function verify(folder: string, remembered?: Uint8Array): Promise<LogVerdict> {
	const reader = openStore(folder, undefined);
	return verifyLog({ reader, keys: [key.verifier], remembered, onProgress() {} });
}

/** A copy of the log to be spoilt. */
function copied(): string {
	const folder = join(temporaryFolder("tampering"), "log");
	cpSync(sound, folder, { recursive: true });
	return folder;
}

function rewrite(folder: string, path: string, bytes: Uint8Array) {
	rmSync(join(folder, path), { force: true });
	writeFileSync(join(folder, path), bytes);
}

function changeBundle(folder: string, index: number, change: (list: Uint8Array[]) => Uint8Array[]) {
	const list = decodeBundle(readFileSync(join(folder, bundlePath(index))));
	rewrite(folder, bundlePath(index), encodeBundle(change(list)));
}

test("a log that nobody touched is sound, and goes on from what was seen before", async () => {
	const verdict = await verify(sound, older);
	expect(verdict).toMatchObject({ faults: [], entries_checked: SIZE, foreign: 0 });
	expect(filesOf(sound).filter((path) => path.startsWith("index/"))).toHaveLength(1);
});

test.each(FLIPS)(
	"each of $flips single bits turned in a log of $size is found",
	async (it) => {
		const folder = join(temporaryFolder("tampering"), "log");
		await writeLog(openStore(folder, undefined), key, [entries.slice(0, it.size)]);
		const paths = filesOf(folder);
		const sizes = paths.map((path) => readFileSync(join(folder, path)).length);
		const all = sizes.reduce((sum, size) => sum + size, 0);
		const memory = new Map<string, Buffer>(
			paths.map((path) => [path, readFileSync(join(folder, path))]),
		);
		const reader = {
			read: async (path: string) => memory.get(path)?.slice(),
			list: async (folder: string) =>
				paths.filter((path) => folder === "" || path.startsWith(`${folder}/`)).sort(),
		};
		const found = new Map<string, number>();
		for (let flip = 0; flip < it.flips; flip += 1) {
			// Half of them by size, half by file, so that small files get their share.
			let at = Math.floor(Math.random() * all);
			let n = 0;
			while (flip % 2 === 0 && at >= (sizes[n] ?? 0)) at -= sizes[n++] ?? 0;
			if (flip % 2 === 1) n = flip % paths.length;
			const path = paths[n] ?? "";
			const whole = memory.get(path) as Buffer;
			const spoilt = Buffer.from(whole);
			const byte = flip % 2 === 1 ? at % whole.length : at;
			spoilt[byte] = (spoilt[byte] ?? 0) ^ (1 << Math.floor(Math.random() * 8));
			memory.set(path, spoilt);
			const verdict = await verifyLog({
				reader,
				keys: [key.verifier],
				remembered: undefined,
				onProgress() {},
			});
			memory.set(path, whole);
			const where = `byte ${byte} of ${path}`;
			expect({ where, found: verdict.faults.length > 0 }).toEqual({ where, found: true });
			const kind = path.split("/").slice(0, 2).join("/");
			found.set(kind, (found.get(kind) ?? 0) + 1);
		}
		const counts = [...found].map(([kind, count]) => `${kind}: ${count}`).join(", ");
		process.stderr.write(`found ${it.flips} of ${it.flips} flipped bits (${counts})\n`);
		expect([...found.values()].reduce((sum, count) => sum + count, 0)).toBe(it.flips);
	},
	300_000,
);

describe("is found, with the first entry that is wrong:", () => {
	test("an entry taken out", async () => {
		const folder = copied();
		changeBundle(folder, 3, (list) => list.toSpliced(17, 1));
		expect((await verify(folder)).faults[0]?.index).toBe(3 * 256 + 17);
	});

	test("an entry put in", async () => {
		const folder = copied();
		const more = entryOf(eventsOf("smuggled")[0] as never);
		changeBundle(folder, 3, (list) => list.toSpliced(17, 0, more).slice(0, 256));
		expect((await verify(folder)).faults[0]?.index).toBe(3 * 256 + 17);
	});

	test("an entry put in behind the last of a full bundle", async () => {
		const folder = copied();
		changeBundle(folder, 3, (list) => [...list, entryOf(eventsOf("smuggled")[0] as never)]);
		expect((await verify(folder)).faults[0]?.index).toBe(3 * 256);
	});

	test("an entry in place of another", async () => {
		const folder = copied();
		changeBundle(folder, 5, (list) => list.with(9, list[10] as Uint8Array));
		expect((await verify(folder)).faults[0]?.index).toBe(5 * 256 + 9);
	});

	test("two entries that changed places", async () => {
		const folder = copied();
		changeBundle(folder, 2, (list) =>
			list.with(4, list[200] as Uint8Array).with(200, list[4] as Uint8Array),
		);
		expect((await verify(folder)).faults[0]?.index).toBe(2 * 256 + 4);
	});

	test("two bundles that changed places", async () => {
		const folder = copied();
		renameSync(join(folder, bundlePath(6)), join(folder, "aside"));
		renameSync(join(folder, bundlePath(7)), join(folder, bundlePath(6)));
		renameSync(join(folder, "aside"), join(folder, bundlePath(7)));
		expect((await verify(folder)).faults[0]?.index).toBe(6 * 256);
	});

	test("a file cut short", async () => {
		const folder = copied();
		const bytes = readFileSync(join(folder, bundlePath(1)));
		rewrite(folder, bundlePath(1), bytes.subarray(0, bytes.length - 100));
		expect((await verify(folder)).faults[0]?.index).toBe(256);
	});
});

test("each file that is gone is missed", async () => {
	const needed = filesOf(sound).filter((path) => !/^tile\/.*\.p\/(1|17)$/.test(path));
	let missed = 0;
	for (const path of needed) {
		const folder = copied();
		rmSync(join(folder, path));
		if ((await verify(folder)).faults.length > 0) missed += 1;
	}
	const leftovers = filesOf(sound).length - needed.length;
	expect({ missed, leftovers }).toEqual({ missed: needed.length, leftovers });
}, 60_000);

test("a file that no log has is found", async () => {
	const folder = copied();
	writeFileSync(join(folder, "tile/entries/0"), "more");
	const { faults } = await verify(folder);
	expect(faults).toEqual([{ index: undefined, message: "tile/entries/0 is no part of a log" }]);
});

test("the tail cut off, with a checkpoint of that time, is found by what was seen before", async () => {
	const seen = readFileSync(join(sound, "checkpoint"));
	const folder = join(temporaryFolder("tampering"), "log");
	await writeLog(openStore(folder, undefined), key, [entries.slice(0, 300)]);
	expect((await verify(folder)).faults).toEqual([]);
	const { faults } = await verify(folder, seen);
	expect(faults[0]?.message).toContain("rolled back");
});

test("an older checkpoint in the place of the newest is found by what was seen before", async () => {
	const folder = copied();
	rewrite(folder, "checkpoint", older);
	const { faults } = await verify(folder, readFileSync(join(sound, "checkpoint")));
	expect(faults[0]?.message).toContain("rolled back");
});

test("a history written anew and signed with another key is found", async () => {
	const folder = join(temporaryFolder("tampering"), "log");
	await writeLog(openStore(folder, undefined), thief, [entries.slice(1)]);
	const { faults, head } = await verify(folder);
	expect(head).toBeUndefined();
	expect(faults[0]?.message).toContain("no signature of example.com/orders");
});

test("a fork by whoever has the key is found by what was seen before, at any size", async () => {
	const seen = readFileSync(join(sound, "checkpoint"));
	for (const more of [[], entries.slice(0, 50)]) {
		const folder = join(temporaryFolder("tampering"), "log");
		const forked = [...entries.with(1_000, entries[2_000] as Uint8Array), ...more];
		await writeLog(openStore(folder, undefined), key, [forked]);
		expect((await verify(folder)).faults).toEqual([]);
		const { faults } = await verify(folder, seen);
		expect(faults[0]?.message).toContain("does not go on from");
	}
});
