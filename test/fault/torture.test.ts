import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";

const MAIN = resolve(import.meta.dir, "../torture/main.ts");

async function torture(...args: readonly string[]) {
	const command = Bun.spawn([process.execPath, MAIN, ...args], {
		stdin: "ignore",
		stdout: "pipe",
		stderr: "pipe",
	});
	const [stdout, stderr] = await Promise.all([
		new Response(command.stdout).text(),
		new Response(command.stderr).text(),
	]);
	return { code: await command.exited, stdout, stderr };
}

describe("bun run torture", () => {
	test("has the same schedule for the same seed, and another for another", async () => {
		const plan = async (seed: string) => (await torture("--plan", "--seed", seed)).stdout;
		const [one, again, other] = await Promise.all([plan("5"), plan("5"), plan("6")]);
		expect(one).toBe(again);
		expect(one).not.toBe(other);
		expect(one.split("\n").length).toBeGreaterThan(10);
	});

	test("says what is wrong with its flags, and what there is", async () => {
		const [wrong, unknown, help] = await Promise.all([
			torture("--minutes", "soon"),
			torture("--forever"),
			torture("--help"),
		]);
		expect([wrong.code, unknown.code, help.code]).toEqual([2, 2, 0]);
		expect(wrong.stderr).toStartWith("--minutes soon: must be a number from");
		expect(unknown.stderr).toContain("--forever");
		expect(help.stdout).toContain("--seed N");
	});
});
