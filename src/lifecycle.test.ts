import { describe, expect, test } from "bun:test";
import { every, type Part, sequence, within } from "./lifecycle.ts";

function recorder() {
	const done: string[] = [];
	const part = (name: string, more: Partial<Part> = {}): Part => ({
		name,
		start: async () => void done.push(`start ${name}`),
		stop: async () => void done.push(`stop ${name}`),
		...more,
	});
	return { done, part };
}

test("parts start in their order and stop in reverse, once", async () => {
	const { done, part } = recorder();
	const both = sequence("both", [part("one"), part("two")]);
	await both.start();
	await both.stop();
	await both.stop();
	expect(done).toEqual(["start one", "start two", "stop two", "stop one"]);
});

test("when one does not start, those before it are stopped and its error is passed on", async () => {
	const { done, part } = recorder();
	const start = () => Promise.reject(new Error("no port"));
	const all = sequence("all", [part("one"), part("two", { start }), part("three")]);
	await expect(all.start()).rejects.toThrow("no port");
	await all.stop();
	expect(done).toEqual(["start one", "stop one"]);
});

test("one that does not stop in order leaves no other running", async () => {
	const { done, part } = recorder();
	const stop = () => Promise.reject(new Error("stuck"));
	const both = sequence("both", [part("one"), part("two", { stop })]);
	await both.start();
	const error = await both.stop().catch((caught: unknown) => caught);
	expect(error).toMatchObject({
		message: "both did not stop in order",
		errors: [{ message: "stuck" }],
	});
	expect(done).toEqual(["start one", "start two", "stop one"]);
});

test("the part whose stop is waited for is named, also inside a part", async () => {
	const { part } = recorder();
	const { promise, resolve } = Promise.withResolvers<void>();
	const inner = sequence("inner", [part("slow", { stop: () => promise }), part("quick")]);
	const outer = sequence("outer", [part("one"), inner]);
	await outer.start();
	expect(outer.stopping?.()).toBeUndefined();
	const stopped = outer.stop();
	await Promise.resolve();
	await Promise.resolve();
	expect(outer.stopping?.()).toBe("slow");
	resolve();
	await stopped;
	expect(outer.stopping?.()).toBeUndefined();
});

describe("what is done every millisecond", () => {
	/** Rounds that the test lets go one by one. */
	function rounds() {
		const begun: PromiseWithResolvers<void>[] = [];
		const errors: unknown[] = [];
		let waiting = Promise.withResolvers<void>();
		const part = every(
			"rounds",
			1,
			() => {
				const round = Promise.withResolvers<void>();
				begun.push(round);
				waiting.resolve();
				return round.promise;
			},
			(error) => errors.push(error),
		);
		const next = async () => {
			await waiting.promise;
			waiting = Promise.withResolvers();
			return begun.at(-1) as PromiseWithResolvers<void>;
		};
		return { part, begun, errors, next };
	}

	test("never overlaps, and goes on after a round that failed, which is told once", async () => {
		const { part, begun, errors, next } = rounds();
		await part.start();
		const first = await next();
		const other = every("other", 1, async () => ticked.resolve(), fail);
		const ticked = Promise.withResolvers<void>();
		await other.start();
		await ticked.promise;
		await other.stop();
		expect(begun).toHaveLength(1);
		first.reject(new Error("away"));
		const second = await next();
		expect(errors).toEqual([new Error("away")]);
		second.resolve();
		await part.stop();
		expect(errors).toHaveLength(1);
	});

	test("a stop waits for the round in hand, and none begins after it", async () => {
		const { part, begun, next } = rounds();
		await part.start();
		const round = await next();
		let stopped = false;
		const stopping = Promise.all([part.stop(), part.stop()]).then(() => {
			stopped = true;
		});
		await new Promise(setImmediate);
		expect(stopped).toBe(false);
		round.resolve();
		await stopping;
		expect(begun).toHaveLength(1);
	});
});

describe("what is waited for so long at most", () => {
	test("gives its value, or its error", async () => {
		expect(await within(60_000, Promise.resolve("there"))).toBe("there");
		await expect(within(60_000, Promise.reject(new Error("broken")))).rejects.toThrow("broken");
	});

	test("is given up when it takes longer, and may fail then", async () => {
		const late = Promise.withResolvers<string>();
		expect(await within(1, late.promise)).toBeUndefined();
		late.reject(new Error("nobody hears this"));
	});
});

function fail(error: unknown): never {
	throw error;
}
