import { expect, test } from "bun:test";
import { createBatcher } from "./batcher.ts";

/** A batcher whose runs the test lets go one by one. */
function held(
	options: { batch_max?: number; linger_ms?: number; batches_running_max?: number } = {},
) {
	const batches: number[][] = [];
	const gates: (() => void)[] = [];
	const batcher = createBatcher<number>({
		batch_max: 3,
		linger_ms: 0,
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
		async letGo() {
			gates.shift()?.();
			await settled();
		},
	};
}

test("without lingering the first item goes at once, the next ones together behind it", async () => {
	const { batcher, batches, letGo } = held();
	for (const item of [1, 2, 3, 4, 5]) batcher.push(item);
	expect(batches).toEqual([[1]]);
	expect([batcher.waiting, batcher.running]).toEqual([4, 1]);
	await letGo();
	expect(batches).toEqual([[1], [2, 3, 4]]);
	await letGo();
	expect(batches).toEqual([[1], [2, 3, 4], [5]]);
});

test("a full batch does not linger, and as many run as may", () => {
	const { batcher, batches } = held({ linger_ms: 60_000, batches_running_max: 2 });
	for (const item of [1, 2, 3, 4, 5, 6, 7, 8, 9]) batcher.push(item);
	expect(batches).toEqual([
		[1, 2, 3],
		[4, 5, 6],
	]);
	expect([batcher.waiting, batcher.running]).toEqual([3, 6]);
});

test("a batch that is not full lingers for others", async () => {
	const ran = Promise.withResolvers<number[]>();
	const run = async (items: number[]) => ran.resolve(items);
	const batcher = createBatcher({ batch_max: 9, linger_ms: 20, batches_running_max: 1, run });
	const pushed_ms = performance.now();
	batcher.push(1);
	batcher.push(2);
	expect(await ran.promise).toEqual([1, 2]);
	expect(performance.now() - pushed_ms).toBeGreaterThan(15);
});

test("draining hands on what lingers, and waits for what runs", async () => {
	const { batcher, batches, letGo } = held({ linger_ms: 60_000 });
	batcher.push(1);
	expect(batches).toEqual([]);
	let drained = false;
	const draining = batcher.drain().then(() => {
		drained = true;
	});
	expect(batches).toEqual([[1]]);
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
