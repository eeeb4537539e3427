import { expect, test } from "bun:test";
import { createHealth } from "./health.ts";

const never = () => new Promise<void>(() => {});

test("a check that hangs fails in time, and the others are told as they are", async () => {
	const health = createHealth(
		[
			{ name: "postgres", check: never },
			{ name: "nats", check: () => {} },
		],
		20,
	);
	expect(await health.readiness()).toEqual({
		status: "not_ready",
		checks: [
			{
				name: "postgres",
				status: "failed",
				error: "no answer within 20 ms",
				duration_ms: expect.any(Number),
			},
			{ name: "nats", status: "ok", duration_ms: expect.any(Number) },
		],
	});
});

test("a check that hung is asked anew, so that it can pass again", async () => {
	const checks = [never, () => {}];
	const health = createHealth([{ name: "nats", check: () => checks.shift()?.() }], 10);
	expect((await health.readiness()).status).toBe("not_ready");
	expect((await health.readiness()).status).toBe("ready");
});

test("checks run side by side", async () => {
	const { promise, resolve } = Promise.withResolvers<void>();
	const first = { name: "waits for the second", check: () => promise };
	const second = { name: "second", check: () => resolve() };
	expect((await createHealth([first, second], 5_000).readiness()).status).toBe("ready");
});

test("probes at the same time ask once", async () => {
	let asked = 0;
	const { promise, resolve } = Promise.withResolvers<void>();
	const check = () => {
		asked++;
		return promise;
	};
	const health = createHealth([{ name: "postgres", check }], 5_000);
	const probes = [health.readiness(), health.readiness(), health.readiness()];
	resolve();
	const statuses = (await Promise.all(probes)).map(({ status }) => status);
	expect(statuses).toEqual(["ready", "ready", "ready"]);
	expect(asked).toBe(1);
	await health.readiness();
	expect(asked).toBe(2);
});

test.each([
	[
		"throws",
		() => {
			throw new Error("no disk");
		},
	],
	["rejects", () => Promise.reject(new Error("no disk"))],
	["rejects with no error", () => Promise.reject("no disk")],
])("a check that %s fails with its reason", async (_, check) => {
	const { checks } = await createHealth([{ name: "store", check }], 5_000).readiness();
	expect(checks).toEqual([
		{ name: "store", status: "failed", error: "no disk", duration_ms: expect.any(Number) },
	]);
});

test("without checks it is ready until it drains", async () => {
	const health = createHealth([], 10);
	expect(await health.readiness()).toEqual({ status: "ready", checks: [] });
	health.drain();
	expect(await health.readiness()).toEqual({ status: "draining", checks: [] });
});
