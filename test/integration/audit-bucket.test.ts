import { afterAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "../../src/object-store/open-store.ts";
import { generateKey } from "../../src/transparency/keys.ts";
import { verifyLog } from "../../src/transparency/verify-log.ts";
import { startApp } from "../support/app.ts";
import { closeScenes, names, publish, type Scene, setScene, sizes } from "../support/audit-log.ts";
import { anyAccess, lockedBucket } from "../support/locked-bucket.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { eventually } from "../support/wait.ts";

afterAll(closeScenes);

const key = generateKey("example.com/orders");
const environment = {
	AWS_ACCESS_KEY_ID: anyAccess.access_key_id,
	AWS_SECRET_ACCESS_KEY: anyAccess.secret_access_key,
	MILLRACE_AUDIT_KEY: key.private_text,
};

async function isSound(address: string, size: number) {
	const verdict = await verifyLog({
		reader: openStore(address, anyAccess),
		keys: [key.verifier],
		remembered: undefined,
		onProgress() {},
	});
	expect(verdict).toMatchObject({ faults: [], entries_checked: size });
}

const record = ({ servers }: Scene, audit: Record<string, string>, more = {}) =>
	startApp(servers, {
		roles: ["audit"],
		settings: { audit },
		environment: { ...environment, ...more },
	});

test("a locked bucket gets the log, however badly it answers, and never two versions of an object", async () => {
	const scene = await setScene();
	const bucket = lockedBucket();
	let requests = 0;
	bucket.meet((method) => {
		if (method !== "PUT") return undefined;
		requests += 1;
		if (requests < 8) return "500";
		return ([undefined, "500", "500 after", "slow"] as const)[requests % 4];
	});
	const recorder = await record(scene, { store: bucket.address });
	for (let round = 0; round < 3; round += 1) await publish(scene, names(200, `round-${round}`));
	await eventually(async () => expect((await sizes(scene)).size).toBe(600), { timeout_ms: 60_000 });
	expect(recorder.lines.some(({ msg }) => /audit log (waits|cannot)/.test(msg ?? ""))).toBe(true);
	bucket.meet(() => undefined);
	await eventually(() => isSound(bucket.address, 600));
	await recorder.stop();
	const versions = [...bucket.objects].filter(([path]) => path !== "checkpoint");
	expect(versions.filter(([, all]) => all.length > 1)).toEqual([]);
	expect(bucket.objects.get("checkpoint")?.length).toBeGreaterThan(1);
	expect(bucket.refused.filter((it) => !it.endsWith(" 412"))).toEqual([]);
	await bucket.stop();
}, 90_000);

test("a log in a bucket is not signed with a key that was made by the way", async () => {
	const scene = await setScene();
	const started = record(
		scene,
		{ store: "s3://log?endpoint=http://127.0.0.1:1" },
		{ MILLRACE_AUDIT_KEY: "" },
	);
	await expect(started).rejects.toThrow("millrace audit keygen");
}, 20_000);

test("each checkpoint is copied to the witness, and a log that does not go on from there is not signed", async () => {
	const scene = await setScene();
	const store = join(temporaryFolder("log"), "log");
	const witness = join(temporaryFolder("witness"), "copies");
	const first = await record(scene, { store, witness });
	await publish(scene, names(5));
	await eventually(async () => expect((await sizes(scene)).size).toBe(5));
	const copied = () => readFileSync(join(witness, "checkpoint"));
	await eventually(() =>
		expect(copied()).toEqual(readFileSync(join(store, "checkpoint")) as never),
	);
	await first.stop();
	const copies = await openStore(witness, undefined).list("checkpoints");
	expect(copies.length).toBeGreaterThan(0);
	await scene.servers
		.sql`truncate millrace_audit.batches, millrace_audit.positions, millrace_audit.log`;
	const elsewhere = join(temporaryFolder("log"), "log");
	const second = await record(scene, { store: elsewhere, witness });
	await publish(scene, ["other"]);
	const contradiction = "the audit log does not fit what is in its store";
	await eventually(() => expect(second.lines.some(({ msg }) => msg === contradiction)).toBe(true));
	await second.stop();
	expect(await openStore(elsewhere, undefined).list("")).toEqual([]);
}, 30_000);

test("a log is passed on to a new key, and whoever trusts either can check it", async () => {
	const scene = await setScene();
	const store = join(temporaryFolder("log"), "log");
	const first = await record(scene, { store });
	await publish(scene, names(5));
	await eventually(async () => expect((await sizes(scene)).size).toBe(5));
	await first.stop();
	const next = generateKey("example.com/orders");
	const stranger = await record(scene, { store }, { MILLRACE_AUDIT_KEY: next.private_text });
	await eventually(() =>
		expect(
			stranger.lines.some((line) => JSON.stringify(line).includes("signed by another key")),
		).toBe(true),
	);
	await stranger.stop();
	const both = `${next.private_text} ${key.private_text}`;
	const second = await record(scene, { store }, { MILLRACE_AUDIT_KEY: both });
	await publish(scene, ["more"]);
	await eventually(async () => expect((await sizes(scene)).size).toBe(6));
	await second.stop();
	const third = await record(scene, { store }, { MILLRACE_AUDIT_KEY: next.private_text });
	await publish(scene, ["last"]);
	await eventually(async () => expect((await sizes(scene)).size).toBe(7));
	await third.stop();
	const reader = openStore(store, undefined);
	const check = (trusted: typeof key) =>
		verifyLog({ reader, keys: [trusted.verifier], remembered: undefined, onProgress() {} });
	for (const trusted of [key, next])
		expect(await check(trusted)).toMatchObject({ faults: [], entries_checked: 7 });
	expect((await check(generateKey("example.com/orders"))).faults).toHaveLength(1);
	const note = await reader.read("keys/001");
	for (let at = 0; at < (note?.length ?? 0); at += 1) {
		const spoilt = {
			...reader,
			read: async (path: string) => flipped(path, await reader.read(path), at),
		};
		const verdict = await verifyLog({
			reader: spoilt,
			keys: [next.verifier],
			remembered: undefined,
			onProgress() {},
		});
		expect({ at, faults: verdict.faults.length }).toEqual({ at, faults: 1 });
	}
}, 60_000);

function flipped(path: string, bytes: Uint8Array | undefined, at: number) {
	if (path !== "keys/001" || bytes === undefined) return bytes;
	const copy = new Uint8Array(bytes);
	copy[at] = (copy[at] ?? 0) ^ 1;
	return copy;
}

test("an object of the log that is there with other bytes is left, and rings the alarm", async () => {
	const scene = await setScene();
	const store = join(temporaryFolder("log"), "log");
	const objects = openStore(store, undefined);
	await objects.create([{ path: "tile/0/000.p/3", bytes: new Uint8Array(96) }]);
	await publish(scene, names(3));
	const recorder = await record(scene, { store });
	const contradiction = "the audit log does not fit what is in its store";
	await eventually(() =>
		expect(recorder.lines.some(({ msg }) => msg === contradiction)).toBe(true),
	);
	const metrics = await (await fetch(`${recorder.app.ops_url}/metrics`)).text();
	expect(metrics).toMatch(/millrace_audit_conflicts_total [1-9]/);
	expect(await objects.read("tile/0/000.p/3")).toEqual(Buffer.alloc(96) as never);
	await recorder.stop();
}, 20_000);
