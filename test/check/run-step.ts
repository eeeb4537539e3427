import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Outcome, Step } from "./step.ts";
import { tally } from "./tally.ts";

const ROOT = resolve(import.meta.dir, "../..");

/** Leaders of the process groups that run now. */
const running = new Set<number>();

/**
 * Runs a step in a process group of its own and waits for its end. The group is killed when the step
 * passes its limit, and what it left behind is killed when it ends.
 */
export async function runStep(step: Step): Promise<Outcome> {
	const directory = mkdtempSync(join(tmpdir(), "millrace-check-"));
	const start = performance.now();
	try {
		const ending = await runProcess(step, join(directory, "output"));
		const duration_ms = performance.now() - start;
		return { step, ...tally(step, ending), duration_ms, output: ending.output };
	} finally {
		rmSync(directory, { recursive: true });
	}
}

/** Kills every step that runs now, with all its processes. */
export function killRunningSteps(): void {
	for (const pid of running) killGroup(pid);
}

// The output goes through a file, not a pipe: a process left behind would hold a pipe open and the
// check would wait for it for ever.
async function runProcess(step: Step, outputPath: string) {
	const output = openSync(outputPath, "a");
	const [program, ...args] = step.command;
	const child = Bun.spawn([program === "bun" ? process.execPath : program, ...args], {
		cwd: ROOT,
		env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined },
		stdio: ["ignore", output, output],
		detached: true,
	});
	running.add(child.pid);
	let timedOut = false;
	const timer = setTimeout(() => {
		timedOut = true;
		killGroup(child.pid);
	}, step.limit_ms);
	await child.exited;
	clearTimeout(timer);
	killGroup(child.pid);
	running.delete(child.pid);
	closeSync(output);
	return { exitCode: child.exitCode, timedOut, output: readFileSync(outputPath, "utf8") };
}

function killGroup(leader: number): void {
	try {
		process.kill(-leader, "SIGKILL");
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
	}
}
