import { afterAll, expect, test } from "bun:test";
import { mkdirSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { decodeBundle, decodeEntry } from "../../src/contracts/audit-log.ts";
import {
	closeScenes,
	contentsOf,
	hasRecorded,
	readLog,
	type Scene,
	setScene,
	sizes,
} from "../support/audit-log.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { eventually } from "../support/wait.ts";

afterAll(closeScenes);

const ADA = "ada-is-her-name";
const V1 = "orders.created.v1";

/** As other producers write it: without headers, each in a way of its own. */
const foreign = [
	`{"message_id":"m-1","order_id":"o-1","customer_id":"${ADA}","total_amount":1,"created_at":1}`,
	`{ "created_at" : 2,\n "customer_id" :\t"${ADA}" , "order_id": "o-2", "total_amount": 1.50e0 }`,
	`{"order_id":"o-3","\\u0063ustomer_id":"${ADA}","total_amount":1,"created_at":3}`,
	`{"order_id":"o-4","customer_id":"${ADA}@example.com \\"A\\"","note":"ä","created_at":4}`,
	`{"order_id":"o-5","customer_id":{"name":"${ADA}"},"created_at":5}`,
	`{"order_id":"o-6","customer_id":"${"x".repeat(9_000)}","created_at":6}`,
];
const ids = foreign.map((_, n) => `o-${n + 1}`);

async function publishForeign({ streams }: Scene) {
	for (const text of foreign) await streams.js.publish(V1, text);
}

/** The payloads in the log, in its order. */
function payloads(store: string): string[] {
	const bundles = [...contentsOf(store)].filter(([path]) => path.startsWith("tile/entries/"));
	const widest = bundles
		.map(([, bytes]) => decodeBundle(bytes))
		.sort((a, b) => b.length - a.length);
	return (widest[0] ?? []).map((entry) => Buffer.from(decodeEntry(entry).data).toString());
}

function hasNothing(store: string, text: string) {
	for (const [path, bytes] of contentsOf(store))
		expect({ path, has: Buffer.from(bytes).includes(text) }).toEqual({ path, has: false });
}

test("what other producers write is sealed, however they write it, and is else as it was", async () => {
	const scene = await setScene();
	const recorder = await scene.record();
	await publishForeign(scene);
	await hasRecorded(scene, ids);
	hasNothing(scene.store, ADA);
	hasNothing(scene.store, "x".repeat(40));
	const [plain = "", spaced = ""] = payloads(scene.store);
	const unsealed = (text: string) => text.replace(/\{"sealed":"[^"]+"\}/, `"${ADA}"`);
	expect([plain, spaced].map(unsealed)).toEqual(foreign.slice(0, 2));
	const keys = await scene.servers.sql<{ customer_id: string }[]>`
		select customer_id from millrace_audit.customer_keys`;
	// Three of them name her by her id; the others by what can be no id.
	expect(keys).toHaveLength(4);
	expect(keys.filter(({ customer_id }) => customer_id === ADA)).toHaveLength(1);
	await recorder.stop();
}, 20_000);

test("what is sealed again is the same to the byte", async () => {
	const scene = await setScene();
	const first = await scene.record();
	await publishForeign(scene);
	await hasRecorded(scene, ids);
	await first.stop();
	await forgetProgress(scene);
	const store = join(temporaryFolder("audit"), "again");
	const second = await scene.record({ audit: { store } });
	await hasRecorded({ ...scene, store }, ids);
	expect(payloads(store)).toEqual(payloads(scene.store));
	await second.stop();
}, 20_000);

test.each([
	["with the keys still there", async () => {}],
	[
		"with the keys deleted meanwhile",
		async ({ servers }: Scene) =>
			void (await servers.sql`delete from millrace_audit.customer_keys`),
	],
])(
	"events without an id that a crash left behind are recorded once, %s",
	async (_, meanwhile) => {
		const scene = await setScene();
		const first = await scene.record();
		await publishForeign(scene);
		await hasRecorded(scene, ids);
		await first.stop();
		const before = contentsOf(scene.store);
		await forgetProgress(scene);
		await meanwhile(scene);
		const second = await scene.record();
		await eventually(async () => expect(await sizes(scene)).toEqual({ size: 6, ids: 6 }));
		await scene.streams.js.publish(V1, '{"order_id":"after","customer_id":"bob"}');
		await hasRecorded(scene, [...ids, "after"]);
		const after = contentsOf(scene.store);
		for (const [path, bytes] of before)
			if (path !== "checkpoint") expect(after.get(path)).toEqual(bytes);
		expect(readLog(scene.store)).toHaveLength(7);
		await second.stop();
	},
	20_000,
);

test("a batch of which bundles are there goes on with them when its customer is forgotten meanwhile", async () => {
	const scene = await setScene();
	const blocked = join(scene.store, "tile/0");
	mkdirSync(dirname(blocked), { recursive: true });
	writeFileSync(blocked, "a file where the folder of hashes should be");
	const recorder = await scene.record();
	await publishForeign(scene);
	const says = (text: string) => recorder.lines.filter(({ msg }) => msg?.includes(text));
	await eventually(() => expect(says("cannot be written yet")).not.toBeEmpty());
	await eventually(() => expect(readLog(scene.store)).not.toBeEmpty());
	await scene.servers.sql`delete from millrace_audit.customer_keys`;
	unlinkSync(blocked);
	await hasRecorded(scene, ids);
	await eventually(async () => expect(await sizes(scene)).toEqual({ size: 6, ids: 6 }));
	expect(says("does not fit")).toBeEmpty();
	await recorder.stop();
}, 20_000);

test("a writer that has a key at hand lets go of it once it is deleted", async () => {
	const scene = await setScene();
	const recorder = await scene.record();
	const order = (id: string) => `{"order_id":"${id}","customer_id":"${ADA}","created_at":1}`;
	const keyIds = async () => {
		const rows = await scene.servers.sql<{ key_id: string }[]>`
			select key_id from millrace_audit.customer_keys`;
		return rows.map(({ key_id }) => key_id);
	};
	await scene.streams.js.publish(V1, order("first"));
	await hasRecorded(scene, ["first"]);
	const [deleted = ""] = await keyIds();
	await scene.servers.sql`delete from millrace_audit.customer_keys`;
	await scene.streams.js.publish(V1, order("second"));
	await hasRecorded(scene, ["first", "second"]);
	await scene.streams.js.publish(V1, order("third"));
	await hasRecorded(scene, ["first", "second", "third"]);
	const [made = ""] = await keyIds();
	expect(made).not.toBe(deleted);
	const sealed_with = payloads(scene.store).map((text) => /"sealed":"([^.]+)/.exec(text)?.[1]);
	expect(sealed_with).toEqual([deleted, made, made]);
	await recorder.stop();
}, 20_000);

/** As a crash behind the bundles leaves it. */
async function forgetProgress({ servers: { sql } }: Scene) {
	await sql`truncate millrace_audit.batches, millrace_audit.positions, millrace_audit.log`;
}
