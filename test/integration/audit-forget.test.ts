import { expect, test } from "bun:test";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Story } from "../../src/explain/story.ts";
import { openStore } from "../../src/object-store/open-store.ts";
import { readVerifierKey } from "../../src/transparency/keys.ts";
import { verifyLog } from "../../src/transparency/verify-log.ts";
import { contentsOf } from "../support/audit-log.ts";
import { runMillrace } from "../support/cli.ts";
import { type Cluster, withCluster } from "../support/cluster.ts";
import { bringGoods, placeOrder } from "../support/cluster-load.ts";
import { createForeignProducer, foreignOrder } from "../support/foreign-producer.ts";
import { replayOf } from "../support/replayed.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { atRest } from "../support/verdict-run.ts";

const TEST_MS_MAX = 120_000;
const NOBODY = "postgres://nobody@127.0.0.1:1/nothing";
const ADA = "ada-is-her-name";
const BOB = "bob-is-his-name";
const CARD = "tok-which-nobody-may-see";

test(
	"a customer is forgotten everywhere in the log, which verifies as before; nobody else is",
	() =>
		withCluster({}, async (cluster) => {
			await start(cluster);
			const ada = await place(cluster, ADA, "ada-1");
			const bob = await place(cluster, BOB, "bob-1");
			await createForeignProducer(cluster.broker).byCore({
				...foreignOrder("foreign-1", 1),
				customer_id: ADA,
			});
			await atRest(cluster);
			hasNothingOf(cluster, [ADA, BOB, CARD]);
			expect(await customerIn(cluster, ada)).toBe(ADA);
			expect(await replayOf(cluster)).toMatchObject({ differences: {}, erased: 0, open: 0 });
			const before = await verify(cluster);
			const files = contentsOf(cluster.audit_folder);
			const state = await replayOf(cluster, 0);

			expect((await forget(cluster, ADA)).code).toBe(2);
			const done = await forget(cluster, ADA, "--yes", "--json", "--operator", "eve");
			expect(JSON.parse(done.stdout)).toMatchObject({ orders: 2, forgotten: true });
			expect(done.code).toBe(0);
			const { key_id } = JSON.parse(done.stdout) as { key_id: string };

			const again = await forget(cluster, ADA, "--yes");
			expect(again).toMatchObject({ code: 0 });
			expect(again.stdout).toContain("Nothing to forget");
			const unknown = await forget(cluster, "who-is-this", "--yes");
			expect(unknown).toMatchObject({ code: 1, stdout: "" });
			expect(unknown.stderr).toContain("nothing sealed of a customer who-is-this");

			await atRest(cluster);
			const after = await verify(cluster, before.checkpoint);
			expect(after.entries_checked).toBe(before.entries_checked + 2);
			isUnchanged(cluster, files);
			hasNothingOf(cluster, [ADA, BOB, CARD]);
			expect(await customerIn(cluster, ada)).toBe("(forgotten)");
			expect(await customerIn(cluster, bob)).toBe(BOB);
			expect(await customerIn(cluster, bob, NOBODY)).toBe("(sealed)");
			await isSaid(cluster, key_id);

			const report = await replayOf(cluster, 0);
			expect(report).toMatchObject({ differences: {}, state_hash: state.state_hash });
			// Of each order the customer and the token, of each charge the customer, and the token where lines are known.
			expect(report.erased).toBeGreaterThan(4);
			await cluster.sql.order`
				update millrace_order.orders set total_amount = total_amount + 1 where order_id = ${ada}`;
			const lie = await replayOf(cluster, 0);
			expect(Object.keys(lie.differences)).toEqual(["orders.total_amount"]);
			await cluster.sql.order`
				update millrace_order.orders set total_amount = total_amount - 1 where order_id = ${ada}`;

			const later = await place(cluster, ADA, "ada-2");
			await atRest(cluster);
			expect(await customerIn(cluster, later)).toBe(ADA);
			expect(await customerIn(cluster, ada)).toBe("(forgotten)");
			expect((await replayOf(cluster, 0)).differences).toEqual({});
			hasNothingOf(cluster, [ADA, BOB, CARD]);
		}),
	TEST_MS_MAX,
);

test(
	"a sealed value that is changed is found by its hash, and by its own tag",
	() =>
		withCluster({}, async (cluster) => {
			await start(cluster);
			await place(cluster, ADA, "ada-1");
			await atRest(cluster);
			const copy = join(temporaryFolder("spoilt"), "log");
			cpSync(cluster.audit_folder, copy, { recursive: true });
			const spoilt = { ...cluster, audit_folder: copy };
			expect((await replayOf(spoilt, 0)).differences).toEqual({});
			const index = spoilSealed(copy);
			const { faults } = await verdictOn(spoilt);
			expect(faults[0]).toMatchObject({ index });
			await expect(replayOf(spoilt, 0)).rejects.toThrow("is not what was sealed");
		}),
	TEST_MS_MAX,
);

test(
	"customers of the same id in two tenants are told apart",
	() =>
		withCluster({}, async (cluster) => {
			await start(cluster);
			const order_id = await place(cluster, ADA, "ada-1");
			await atRest(cluster);
			await cluster.sql.audit`
				insert into millrace_audit.customer_keys (tenant_id, customer_id, key_id, key)
				values ('elsewhere', ${ADA}, 'another', sha256('another'))`;
			const several = await forget(cluster, ADA, "--yes");
			expect(several).toMatchObject({ code: 2 });
			expect(several.stderr).toContain("default, elsewhere. Name one with --tenant.");
			expect((await forget(cluster, ADA, "--yes", "--tenant", "nowhere")).code).toBe(1);
			expect(await forget(cluster, ADA, "--yes", "--tenant", "elsewhere")).toMatchObject({
				code: 0,
				stdout: expect.stringContaining("orders sealed with it: 0."),
			});
			expect(await customerIn(cluster, order_id)).toBe(ADA);
			expect((await forget(cluster, ADA, "--yes")).stdout).toContain("orders sealed with it: 1.");
			expect(await customerIn(cluster, order_id)).toBe("(forgotten)");
		}),
	TEST_MS_MAX,
);

async function start(cluster: Cluster) {
	await Promise.all(cluster.processes.map((it) => it.start()));
	await bringGoods(cluster, [{ sku: "sku-1", quantity: 100 }]);
}

async function place(cluster: Cluster, customer_id: string, key: string): Promise<string> {
	const lines = [{ sku: "sku-1", quantity: 1, unit_price: 500 }];
	const body = { customer_id, currency: "EUR", payment_token: CARD, lines };
	const { status, order_id } = await placeOrder(cluster.url("order"), key, body);
	expect(status).toBe(202);
	return order_id;
}

function hasNothingOf({ audit_folder }: Cluster, texts: readonly string[]) {
	const files = [...contentsOf(audit_folder)];
	expect(files.length).toBeGreaterThan(2);
	for (const [path, bytes] of files)
		for (const text of texts)
			expect({ path, text, has: Buffer.from(bytes).includes(text) }).toMatchObject({ has: false });
}

function isUnchanged({ audit_folder }: Cluster, before: Map<string, Uint8Array>) {
	const now = contentsOf(audit_folder);
	for (const [path, bytes] of before)
		if (path !== "checkpoint" && now.has(path)) expect(now.get(path)).toEqual(bytes);
}

async function verdictOn({ audit_folder, data_folder }: Cluster, remembered?: Uint8Array) {
	const key = readFileSync(join(data_folder, "audit.key.pub"), "utf8").trim();
	const reader = openStore(audit_folder, undefined);
	return verifyLog({ reader, keys: [readVerifierKey(key)], remembered, onProgress() {} });
}

/** @param remembered a checkpoint that the log has to go on from */
async function verify(cluster: Cluster, remembered?: Uint8Array) {
	const verdict = await verdictOn(cluster, remembered);
	expect(verdict).toMatchObject({ faults: [], foreign: 0 });
	return verdict;
}

/** The customer in the first event about the order, as the story of the order has it. */
async function customerIn(cluster: Cluster, order_id: string, database_url?: string) {
	const { stdout } = await run(cluster, ["explain", order_id, "--json"], database_url);
	const { scenes } = JSON.parse(stdout) as Story;
	const created = scenes.find(({ what }) => what.startsWith("orders.created."));
	return created?.details.customer_id;
}

async function isSaid({ broker }: Cluster, key_id: string) {
	const consumer = await broker.js.consumers.get("OPERATIONS");
	const said: Record<string, string>[] = [];
	for await (const message of await consumer.fetch({ max_messages: 2, expires: 2_000 })) {
		said.push(message.json());
		expect(message.string()).not.toContain(ADA);
	}
	expect(said.map(({ action, phase, operator }) => [action, phase, operator])).toEqual([
		["customers.forget", "begun", "eve"],
		["customers.forget", "ended", "eve"],
	]);
	expect(JSON.parse(said[0]?.details ?? "")).toEqual({ tenant_id: "default", key_id, orders: 2 });
}

const forget = (cluster: Cluster, ...words: string[]) =>
	run(cluster, ["audit", "forget", ...words]);

function run(
	{ audit_folder, data_folder, database_urls, nats, processes }: Cluster,
	words: readonly string[],
	database_url = database_urls.audit,
) {
	const ops = words[0] === "explain" ? ["--ops-url", processes[0]?.ops_url ?? ""] : [];
	return runMillrace([...words, ...ops, "--store", audit_folder], {
		cwd: data_folder,
		environment: { DATABASE_URL: database_url, NATS_URL: nats.url },
	});
}

/** Changes one character of the first sealed value in the widest bundle. @returns the entry that has it */
function spoilSealed(folder: string): number {
	const bundles = [...contentsOf(folder)].filter(([path]) => path.startsWith("tile/entries/"));
	const [[path, bytes] = ["", new Uint8Array()]] = bundles.sort(
		(a, b) => b[1].length - a[1].length,
	);
	const place = Buffer.from(bytes).indexOf('"sealed":"') + 40;
	const changed = Buffer.from(bytes);
	changed[place] = changed[place] === 65 ? 66 : 65;
	rmSync(join(folder, path));
	writeFileSync(join(folder, path), changed);
	return entryAt(bytes, place);
}

function entryAt(bundle: Uint8Array, place: number): number {
	let index = 0;
	for (let at = 0; ; index += 1) {
		at += 2 + ((bundle[at] ?? 0) << 8) + (bundle[at + 1] ?? 0);
		if (at > place) return index;
	}
}
