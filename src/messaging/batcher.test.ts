import { expect, test } from "bun:test";
import { createBatcher } from "./batcher.ts";

/** A batcher whose runs the test lets go one by one. */
function held(
	options: { batch_max?: number; interval_ms?: number; batches_running_max?: number } = {},
) {
	const batches: number[][] = [];
	const gates: (() => void)[] = [];
	const batcher = createBatcher<number>({
		batch_max: 3,
		interval_ms: 0,
		batches_running_max: 1,
		...options,
		run(items) {
			batches.push(items);
			const { promise, resolve } = Promise.withResolvers<void>();
			gates.push(resolve);
			return promise;
		},
	});
	const settled = () => new Promise((resolve) => setImmediate(resolve));
	return {
		batcher,
		batches,
		settled,
		async letGo() {
			gates.shift()?.();
			await settled();
		},
	};
}

test("without an interval what is pushed in one go goes at once, the next ones together behind it", async () => {
	const { batcher, batches, settled, letGo } = held();
	for (const item of [1, 2]) batcher.push(item);
	expect(batches).toEqual([]);
	await settled();
	for (const item of [3, 4, 5, 6]) batcher.push(item);
	expect(batches).toEqual([[1, 2]]);
	expect([batcher.waiting, batcher.running]).toEqual([4, 2]);
	await letGo();
	expect(batches).toEqual([
		[1, 2],
		[3, 4, 5],
	]);
	await letGo();
	expect(batches).toEqual([[1, 2], [3, 4, 5], [6]]);
});

test("a full batch does not wait, and as many run as may", () => {
	const { batcher, batches } = held({ interval_ms: 60_000, batches_running_max: 2 });
	for (const item of [1, 2, 3, 4, 5, 6, 7, 8, 9]) batcher.push(item);
	expect(batches).toEqual([
		[1, 2, 3],
		[4, 5, 6],
	]);
	expect([batcher.waiting, batcher.running]).toEqual([3, 6]);
});

test("a batch that is not full waits for the interval since the one before", async () => {
	const second = Promise.withResolvers<number[]>();
	const run = async (items: number[]) => {
		if (items.includes(2)) second.resolve(items);
	};
	const batcher = createBatcher({ batch_max: 9, interval_ms: 20, batches_running_max: 1, run });
	const pushed_ms = performance.now();
	batcher.push(1);
	await Promise.resolve();
	for (const item of [2, 3]) batcher.push(item);
	expect(await second.promise).toEqual([2, 3]);
	expect(performance.now() - pushed_ms).toBeGreaterThan(15);
});

test("draining hands on what waits, and waits for what runs", async () => {
	const { batcher, batches, settled, letGo } = held({ interval_ms: 60_000 });
	batcher.push(1);
	await settled();
	await letGo();
	batcher.push(2);
	expect(batches).toEqual([[1]]);
	let drained = false;
	const draining = batcher.drain().then(() => {
		drained = true;
	});
	expect(batches).toEqual([[1], [2]]);
	expect(drained).toBe(false);
	await letGo();
	await draining;
	expect([batcher.waiting, batcher.running]).toEqual([0, 0]);
});

test("draining nothing is done at once", async () => {
	await held().batcher.drain();
});

test("who drains while another does waits for the same", async () => {
	const { batcher, letGo } = held();
	batcher.push(1);
	const both = Promise.all([batcher.drain(), batcher.drain()]);
	await letGo();
	await both;
});

test("items that weigh more fill a batch sooner, and one too heavy goes alone", async () => {
	const batches: number[][] = [];
	const batcher = createBatcher<number>({
		batch_max: 10,
		weigh: (item) => item,
		interval_ms: 60_000,
		batches_running_max: 1,
		run: async (items) => void batches.push(items),
	});
	batcher.push(1);
	await Promise.resolve();
	for (const item of [4, 5]) batcher.push(item);
	expect([batches, batcher.waiting]).toEqual([[[1]], 9]);
	for (const item of [3, 12, 2]) batcher.push(item);
	await batcher.drain();
	expect(batches).toEqual([[1], [4, 5], [3], [12], [2]]);
	expect([batcher.waiting, batcher.running]).toEqual([0, 0]);
});

test("how many may run is looked at anew for each, and they begin in their order", async () => {
	let batches_running_max = 1;
	const batches: number[][] = [];
	const first = Promise.withResolvers<void>();
	const batcher = createBatcher<number>({
		batch_max: 1,
		interval_ms: 0,
		get batches_running_max() {
			return batches_running_max;
		},
		async run(items) {
			batches.push(items);
			if (items[0] === 1) await first.promise;
		},
	});
	for (const item of [1, 2, 3, 4]) batcher.push(item);
	expect(batches).toEqual([[1]]);
	batches_running_max = 3;
	batcher.push(5);
	expect(batches).toEqual([[1], [2], [3]]);
	first.resolve();
	await batcher.drain();
	expect(batches).toEqual([[1], [2], [3], [4], [5]]);
});
