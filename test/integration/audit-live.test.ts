import { afterAll, expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "../../src/object-store/open-store.ts";
import { readVerifierKey } from "../../src/transparency/keys.ts";
import { verifyLog } from "../../src/transparency/verify-log.ts";
import { startApp } from "../support/app.ts";
import { closeScenes, names, publish, setScene, sizes } from "../support/audit-log.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { eventually } from "../support/wait.ts";

afterAll(closeScenes);

const ROUNDS = 12;
/** More are written until enough sizes of the log were checked. */
const ROUNDS_MAX = 500;
const EVENTS = 90;

test("a log that is being written is sound whenever it is checked, and goes on from each time before", async () => {
	const scene = await setScene();
	const recorder = await scene.record();
	const file = join(scene.data_folder, "audit.key");
	expect(statSync(file).mode & 0o777).toBe(0o600);
	const keys = [readVerifierKey(readFileSync(`${file}.pub`, "utf8").trim())];
	const reader = openStore(scene.store, undefined);
	let remembered: Uint8Array | undefined;
	let writing = true;
	const check = async () => {
		const verdict = await verifyLog({ reader, keys, remembered, onProgress() {} });
		expect(verdict.faults).toEqual([]);
		remembered = verdict.checkpoint;
		return verdict.entries_checked;
	};
	const checks: number[] = [];
	await eventually(() => check());
	const checking = (async () => {
		while (writing) checks.push(await check());
	})();
	let round = 0;
	while (round < ROUNDS || (new Set(checks).size <= 2 && round < ROUNDS_MAX)) {
		await publish(scene, names(EVENTS, `${round}`));
		round += 1;
	}
	await eventually(async () => expect((await sizes(scene)).size).toBe(round * EVENTS));
	writing = false;
	await checking;
	await eventually(async () => expect(await check()).toBe(round * EVENTS));
	expect(new Set(checks).size).toBeGreaterThan(2);
	await recorder.stop();
}, 60_000);

test("replicas that start at once make one key", async () => {
	const scene = await setScene();
	const data_folder = temporaryFolder("data");
	const store = join(data_folder, "log");
	const start = () =>
		startApp(scene.servers, { roles: ["audit"], data_folder, settings: { audit: { store } } });
	const replicas = await Promise.all([start(), start(), start()]);
	await publish(scene, names(3));
	await eventually(async () => expect((await sizes(scene)).size).toBe(3));
	for (const replica of replicas) await replica.stop();
	const keys = [readVerifierKey(readFileSync(join(data_folder, "audit.key.pub"), "utf8").trim())];
	const reader = openStore(store, undefined);
	const verdict = await verifyLog({ reader, keys, remembered: undefined, onProgress() {} });
	expect(verdict).toMatchObject({ faults: [], entries_checked: 3 });
}, 30_000);
