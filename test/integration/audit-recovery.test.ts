import { afterAll, describe, expect, test } from "bun:test";
import { unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startApp, type TestApp } from "../support/app.ts";
import {
	closeScenes,
	contentsOf,
	hasRecorded,
	names,
	publish,
	setScene,
	sizes,
} from "../support/audit-log.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { eventually } from "../support/wait.ts";

afterAll(closeScenes);

describe("a crash between the files and the database", () => {
	test("leaves entries that are adopted as they are, and doubles none", async () => {
		const scene = await setScene();
		const { sql } = scene.servers;
		const first = await scene.record();
		await publish(scene, names(100));
		await hasRecorded(scene, names(100));
		await publish(scene, names(300).slice(100));
		await hasRecorded(scene, names(300));
		await eventually(async () => expect(await sizes(scene)).toEqual({ size: 300, ids: 300 }));
		await first.stop();
		const before = contentsOf(scene.store);
		await sql`delete from millrace_audit.batches where first_index > 0`;
		await sql`update millrace_audit.log set root = null, size = (
			select octet_length(id_prefixes) / 8 from millrace_audit.batches)`;
		await sql`update millrace_audit.positions set sequence = (
			select size from millrace_audit.log) where stream = 'ORDERS'`;
		const { size } = await sizes(scene);
		expect(size).toBeLessThan(300);
		const second = await scene.record();
		await publish(scene, ["after"]);
		await hasRecorded(scene, [...names(300), "after"]);
		await eventually(async () => expect(await sizes(scene)).toEqual({ size: 301, ids: 301 }));
		const after = contentsOf(scene.store);
		for (const [path, bytes] of before)
			if (!path.includes(".p/") && path !== "checkpoint") expect(after.get(path)).toEqual(bytes);
		await second.stop();
	}, 20_000);

	test("before the first advance of all leaves entries that are adopted too", async () => {
		const scene = await setScene();
		const first = await scene.record();
		await publish(scene, names(7));
		await hasRecorded(scene, names(7));
		await eventually(async () => expect(await sizes(scene)).toEqual({ size: 7, ids: 7 }));
		await first.stop();
		const before = contentsOf(scene.store);
		const { sql } = scene.servers;
		await sql`truncate millrace_audit.batches, millrace_audit.positions, millrace_audit.log`;
		const second = await scene.record();
		await eventually(async () => expect(await sizes(scene)).toEqual({ size: 7, ids: 7 }));
		await publish(scene, ["after"]);
		await hasRecorded(scene, [...names(7), "after"]);
		const after = contentsOf(scene.store);
		for (const [path, bytes] of before)
			if (path !== "checkpoint") expect(after.get(path)).toEqual(bytes);
		await second.stop();
	}, 20_000);
});

test("of two processes one writes, and the other takes over when it stops", async () => {
	const scene = await setScene();
	const writes = ({ lines }: TestApp) =>
		lines.filter(({ msg }) => msg === "this process writes the audit log").length;
	const one = await scene.record();
	await eventually(() => expect(writes(one)).toBe(1));
	const other = await scene.record();
	await publish(scene, names(50));
	await hasRecorded(scene, names(50));
	expect(writes(other)).toBe(0);
	await one.stop();
	await publish(scene, names(50, "later"));
	await hasRecorded(scene, [...names(50), ...names(50, "later")]);
	expect(writes(other)).toBe(1);
	await other.stop();
}, 20_000);

test("a store that cannot be written holds up no order, and the log catches up", async () => {
	const scene = await setScene();
	const store = join(temporaryFolder("audit"), "log");
	writeFileSync(store, "a file where the folder should be");
	const shop = await startApp(scene.servers, { settings: { audit: { store } } });
	await shop.stockUp("SKU-1", 100);
	const placed = await Promise.all(Array.from({ length: 10 }, () => shop.placeOrder()));
	for (const { order_id } of placed) await shop.ended(order_id, "confirmed");
	await eventually(() =>
		expect(shop.lines.some(({ msg }) => msg?.includes("audit log"))).toBe(true),
	);
	unlinkSync(store);
	const four = placed.flatMap(({ order_id }) => Array<string>(4).fill(order_id));
	await hasRecorded({ ...scene, store }, four);
	await shop.stop();
}, 20_000);
