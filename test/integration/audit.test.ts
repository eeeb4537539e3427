import { afterAll, describe, expect, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import {
	closeScenes,
	filesOf,
	hasRecorded,
	names,
	publish,
	publishTwins,
	readLog,
	recorded,
	setScene,
	sizes,
} from "../support/audit-log.ts";
import { eventually } from "../support/wait.ts";

afterAll(closeScenes);

describe("the log", () => {
	test("has every event of every stream once, in whole and partial bundles, read-only", async () => {
		const scene = await setScene();
		const recorder = await scene.record();
		const first = names(40);
		await publish(scene, first);
		await hasRecorded(scene, first);
		expect(filesOf(scene.store)).toContain("tile/entries/000.p/40");
		const rest = names(560, "more");
		await publish(scene, rest);
		await scene.streams.publish("inventory.released.v1", { order_id: "anything" });
		await scene.streams.publish("payments.refunded.v1", { order_id: "without an id" });
		const all = [...first, ...rest, "anything", "without an id"];
		await hasRecorded(scene, all);
		await eventually(async () => expect(await sizes(scene)).toEqual({ size: 602, ids: 602 }));
		// The checkpoint comes last.
		const files = await eventually(() => {
			const found = filesOf(scene.store);
			expect(found.filter((path) => path.includes(".writing"))).toEqual([]);
			return found;
		});
		expect(files).toContain("tile/entries/000");
		expect(files).toContain("tile/entries/001");
		expect(files.filter((path) => path.startsWith("tile/entries/000.p"))).toEqual([]);
		expect(files).toContain("tile/entries/002.p/90");
		const modes = files.map((path) => statSync(join(scene.store, path)).mode & 0o777);
		expect(new Set(modes)).toEqual(new Set([0o444]));
		await recorder.stop();
	}, 20_000);

	test("takes nothing twice when it is started again or the broker delivers again", async () => {
		const scene = await setScene();
		const first = names(10);
		await publish(scene, first);
		for (let round = 0; round < 3; round += 1) {
			const recorder = await scene.record();
			await publish(scene, [`round-${round}`]);
			await eventually(() => expect(recorded(scene)).toContain(`round-${round}`));
			await recorder.stop();
		}
		await hasRecorded(scene, [...first, "round-0", "round-1", "round-2"]);
	}, 20_000);
});

describe("an event published twice", () => {
	test("with the mark is looked up and recorded once", async () => {
		const scene = await setScene();
		const recorder = await scene.record();
		const events = names(5);
		await publishTwins(scene, events);
		await publish(scene, ["last"]);
		await hasRecorded(scene, [...events, "last"]);
		await recorder.stop();
	}, 15_000);

	test("with the mark when it was never recorded is recorded", async () => {
		const scene = await setScene();
		const recorder = await scene.record();
		await publish(scene, names(5), true);
		await hasRecorded(scene, names(5));
		expect(readLog(scene.store).every(({ republished }) => republished)).toBe(true);
		await recorder.stop();
	}, 15_000);

	test("on a stream that was made anew is recorded once", async () => {
		const scene = await setScene();
		const before = await scene.record();
		const twins = names(5);
		await publish(scene, twins);
		await hasRecorded(scene, twins);
		await before.stop();
		await scene.streams.jsm.streams.delete("ORDERS");
		const after = await scene.record();
		await eventually(() => scene.streams.jsm.streams.info("ORDERS"));
		await publish(scene, [...twins, "new"]);
		await hasRecorded(scene, [...twins, "new"]);
		await after.stop();
	}, 20_000);
});
