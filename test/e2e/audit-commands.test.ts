import { beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundlePath } from "../../src/contracts/audit-log.ts";
import { openStore } from "../../src/object-store/open-store.ts";
import { readSignerKey } from "../../src/transparency/keys.ts";
import { entryOf, eventsOf, writeLog } from "../support/signed-log.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { millrace } from "./program.ts";

const PROOF_BYTES_MAX = 8_192;
const folder = temporaryFolder("audit-commands");
const at = (name: string) => join(folder, name);
const store = at("log");

async function run(...args: string[]) {
	const program = millrace(args, { cwd: folder });
	const code = await program.exited;
	return { code, out: program.stdout(), err: program.stderr() };
}

beforeAll(async () => {
	const made = await run("audit", "keygen", "--name", "example.com/orders", "--out", at("key"));
	expect(made).toMatchObject({ code: 0, out: readFileSync(at("key.pub"), "utf8") });
	expect(statSync(at("key")).mode & 0o777).toBe(0o600);
	const entries = Array.from({ length: 1_250 }, (_, n) => eventsOf(`order-${n}`))
		.flat()
		.map(entryOf);
	const signer = readSignerKey(readFileSync(at("key"), "utf8").trim());
	await writeLog(openStore(store, undefined), signer, [entries]);
});

test("a key is never written over", async () => {
	const again = await run("audit", "keygen", "--out", at("key"));
	expect(again.code).toBe(2);
	expect(again.err).toContain("is there already");
});

describe("audit verify", () => {
	const verify = (...more: string[]) =>
		run("audit", "verify", "--store", store, "--key", at("key.pub"), ...more);

	test("says that a sound log is sound, and remembers its checkpoint", async () => {
		const { code, out } = await verify("--checkpoint", at("seen"));
		expect(code).toBe(0);
		expect(out).toContain("5,000 entries of example.com/orders are as they were signed");
		expect(readFileSync(at("seen"))).toEqual(readFileSync(join(store, "checkpoint")));
	});

	test("says in JSON where the first bad entry is", async () => {
		const path = join(store, bundlePath(2));
		const whole = readFileSync(path);
		const spoilt = Buffer.from(whole);
		spoilt[spoilt.length - 10] = (spoilt[spoilt.length - 10] ?? 0) ^ 1;
		rmSync(path);
		writeFileSync(path, spoilt);
		const { code, out } = await verify("--json");
		expect(code).toBe(1);
		expect(JSON.parse(out)).toMatchObject({
			sound: false,
			size: 5_000,
			first_bad_index: 3 * 256 - 1,
		});
		writeFileSync(path, whole);
		expect((await verify()).code).toBe(0);
	});

	test("checks a log that is worth several threads", async () => {
		const large = at("large");
		const entries = Array.from({ length: 25_100 }, (_, n) => eventsOf(`order-${n}`))
			.flat()
			.map(entryOf);
		const signer = readSignerKey(readFileSync(at("key"), "utf8").trim());
		await writeLog(openStore(large, undefined), signer, [
			entries.slice(0, 99_000),
			entries.slice(99_000),
		]);
		const check = () => run("audit", "verify", "--store", large, "--key", at("key.pub"), "--json");
		expect(JSON.parse((await check()).out)).toMatchObject({
			sound: true,
			entries_checked: 100_400,
		});
		const path = join(large, bundlePath(300));
		const spoilt = Buffer.from(readFileSync(path));
		spoilt[2] = 0;
		rmSync(path);
		writeFileSync(path, spoilt);
		const { code, out } = await check();
		expect(code).toBe(1);
		expect(JSON.parse(out)).toMatchObject({ sound: false, first_bad_index: 300 * 256 });
	}, 60_000);

	test("needs a key", async () => {
		const { code, err } = await run("audit", "verify", "--store", store);
		expect({ code, err }).toMatchObject({ code: 2 });
		expect(err).toContain("audit.key.pub cannot be read");
	});
});

describe("a proof of an order", () => {
	test.each(["order-0", "order-700", "order-1249"])(
		"of %s is small, and checked without the log",
		async (order_id) => {
			const proved = await run("audit", "prove", order_id, "--store", store);
			expect(proved.code).toBe(0);
			expect(proved.out.length).toBeLessThanOrEqual(PROOF_BYTES_MAX);
			writeFileSync(at("proof.json"), proved.out);
			const checked = await run("audit", "check", at("proof.json"), "--key", at("key.pub"));
			expect(checked.out).toContain(
				`4 events of ${order_id} are in example.com/orders, of 5000 entries`,
			);
			expect(checked.code).toBe(0);
		},
	);

	test("with anything in it changed is refused", async () => {
		const { out } = await run("audit", "prove", "order-3", "--store", store);
		const proof = JSON.parse(out);
		const other = Buffer.from(proof.entries[0].entry, "base64").toString().replace("2400", "2401");
		const spoilt = [
			{ ...proof, order_id: "order-4" },
			{ ...proof, hashes: proof.hashes.toReversed() },
			{ ...proof, entries: [proof.entries[0], proof.entries[0]] },
			{ ...proof, entries: [{ ...proof.entries[0], index: 7 }] },
			{
				...proof,
				entries: [{ ...proof.entries[0], entry: Buffer.from(other).toString("base64") }],
			},
			{ ...proof, checkpoint: proof.checkpoint.replace("5000", "5001") },
			{ ...proof, entries: [] },
		];
		for (const [n, one] of spoilt.entries()) {
			writeFileSync(at("spoilt.json"), JSON.stringify(one));
			const { code } = await run("audit", "check", at("spoilt.json"), "--key", at("key.pub"));
			expect({ n, code }).toEqual({ n, code: 1 });
		}
	});

	test("that the log does not have cannot be made", async () => {
		const { code, err } = await run("audit", "prove", "nobody", "--store", store);
		expect(code).toBe(1);
		expect(err).toContain("none of the 5000 entries of the log is about the order nobody");
	});
});

test("audit tail shows the last events", async () => {
	const { out } = await run("audit", "tail", "--store", store);
	const lines = out.trim().split("\n");
	expect(lines).toHaveLength(10);
	expect(lines.at(-1)).toBe("4999  orders.confirmed.v1  order-1249");
});
