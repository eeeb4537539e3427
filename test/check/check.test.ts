import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/wait.ts";
import type { Step } from "./step.ts";
import { STEPS } from "./steps.ts";
import { tally } from "./tally.ts";

const well: Step = { name: "well", title: "", command: ["true"], limit_ms: 5_000 };
const broken: Step = { ...well, name: "broken", command: ["sh", "-c", "echo look here; exit 3"] };
const cases: Step = { ...well, name: "cases", counts: "cases" };

describe("the check command", () => {
	test("exits with 0 when every step is well", () => {
		const { exitCode, lines } = run([well, { ...well, name: "light", light: true }]);
		expect(lines.at(-1)).toBe("2 passed, 0 failed");
		expect(exitCode).toBe(0);
	});

	test("exits with 1 when one step fails, after running all, and shows why", () => {
		const { exitCode, lines, output } = run([broken, well]);
		expect(exitCode).toBe(1);
		expect(lines.at(-1)).toBe("1 passed, 1 failed");
		expect(lines[0]).toMatch(/^FAIL {2}broken .* exit 3$/);
		expect(output).toContain("look here");
		expect(output).toMatch(/^ok {4}well /m);
	});

	test("fails a step that has nothing to run", () => {
		const nowhere: Step["command"] = ["bun", "test", "./test/no-such-folder/"];
		const missing = { ...well, command: ["bun", "src/no-such-file.ts"] as const };
		const { exitCode, lines } = run([
			{ ...cases, command: nowhere },
			{ ...missing, name: "file" },
		]);
		expect(lines.at(-1)).toBe("0 passed, 2 failed");
		expect(exitCode).toBe(1);
	});

	test("kills a step with all its processes when its time is over", async () => {
		const command = ["sh", "-c", "sleep 60 & echo child=$!; wait"] as const;
		const { exitCode, output } = run([{ ...well, name: "slow", command, limit_ms: 300 }]);
		expect(exitCode).toBe(1);
		expect(output).toMatch(/^FAIL {2}slow .* killed after 0.3 s$/m);
		const child = Number(/child=(\d+)/.exec(output)?.[1]);
		expect(child).toBeGreaterThan(0);
		await eventually(() => expect(isAlive(child)).toBe(false));
	});

	test("runs only what --only names, and nothing when the name is wrong", () => {
		expect(run([broken, well], "--only", "well").exitCode).toBe(0);
		expect(run([broken, well], "--only", "wel").exitCode).toBe(2);
		expect(run([well], "--onyl", "well").exitCode).toBe(2);
	});

	test("keeps the output of a step that is well to itself, unless asked", () => {
		const loud: Step = { ...well, command: ["echo", "all is well"] };
		expect(run([loud]).output).not.toContain("all is well");
		expect(run([loud], "--verbose").output).toContain("all is well");
	});

	test("has steps with names of their own", () => {
		expect(new Set(STEPS.map((step) => step.name)).size).toBe(STEPS.length);
	});
});

describe("a tally", () => {
	const closing = (counts: string) =>
		`5 pass\n\n${counts}\nRan 9 tests across 2 files. [26.00ms]\n`;
	const ending = { exitCode: 0, timedOut: false };

	test("sums up the closing lines of the test runner", () => {
		const output = closing(" 6 pass\n 1 skip\n 1 todo\n 2 fail\n 1 error");
		const expected = { passed: 6, failed: 2, skipped: 2, reason: "2 failed" };
		expect(tally(cases, { ...ending, exitCode: 1, output })).toEqual(expected);
	});

	test("has a failure when the runner ended badly though every case passed", () => {
		const output = closing(" 6 pass\n 0 fail");
		const expected = { passed: 6, failed: 1, skipped: 0, reason: "exit 1" };
		expect(tally(cases, { ...ending, exitCode: 1, output })).toEqual(expected);
	});

	test("has a failure when no case ran", () => {
		for (const output of ["", closing(" 0 pass\n 3 skip\n 0 fail")]) {
			expect(tally(cases, { ...ending, output })).toMatchObject({
				failed: 1,
				reason: "no test ran",
			});
		}
	});
});

function run(steps: readonly Step[], ...args: string[]) {
	const script = join(import.meta.dir, "planted-check.ts");
	const command = [process.execPath, script, JSON.stringify(steps), ...args];
	const { exitCode, stdout } = Bun.spawnSync(command);
	const output = stdout.toString();
	return { exitCode, output, lines: output.trim().split("\n") };
}

function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
	} catch {
		return false;
	}
	return !isZombie(pid);
}

// Killed, but its parent has not asked for the exit code yet: dead all the same.
function isZombie(pid: number): boolean {
	const stat = `/proc/${pid}/stat`;
	return existsSync(stat) && /\) [ZX] /.test(readFileSync(stat, "utf8"));
}
