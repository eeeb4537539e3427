import type { Step } from "./step.ts";

/** How a step's process ended. */
export interface Ending {
	/** Null when a signal ended it. */
	readonly exitCode: number | null;
	readonly timedOut: boolean;
	readonly output: string;
}

/** Counts of a step; a step that ended badly has at least one failure and a reason. */
export interface Tally {
	readonly passed: number;
	readonly failed: number;
	readonly skipped: number;
	readonly reason: string;
}

/** Turns a process's ending into counts: its test cases, or one for the step as a whole. */
export function tally(step: Step, ending: Ending): Tally {
	const reason = badEnding(step, ending);
	if (step.counts === "cases") return tallyCases(closingCounts(ending.output), reason);
	return { passed: reason ? 0 : 1, failed: reason ? 1 : 0, skipped: 0, reason };
}

type Counts = Omit<Tally, "reason">;

function badEnding(step: Step, { exitCode, timedOut }: Ending): string {
	if (timedOut) return `killed after ${step.limit_ms / 1_000} s`;
	if (exitCode === null) return "ended by a signal";
	return exitCode === 0 ? "" : `exit ${exitCode}`;
}

function tallyCases(counts: Counts, ending: string): Tally {
	if (counts.failed > 0) return { ...counts, reason: `${counts.failed} failed` };
	const reason = ending || (counts.passed === 0 ? "no test ran" : "");
	return { ...counts, failed: reason ? 1 : 0, reason };
}

/** Reads the block that ends in `Ran 5 tests across 2 files.`; all zero when there is none. */
function closingCounts(output: string): Counts {
	const end = output.lastIndexOf("\nRan ");
	const block = end < 0 ? "" : output.slice(output.lastIndexOf("\n\n", end), end);
	const count = (word: string) =>
		Number(new RegExp(`^ *(\\d+) ${word}$`, "m").exec(block)?.[1] ?? 0);
	return {
		passed: count("pass"),
		failed: count("fail"),
		skipped: count("skip") + count("todo"),
	};
}
