/** One gate: a command that exits with 0 when all is well. */
export interface Step {
	readonly name: string;
	readonly title: string;
	/** Program and arguments; `bun` stands for the Bun that runs the check. */
	readonly command: readonly [string, ...string[]];
	/** Wall time after which the step and all its processes are killed. */
	readonly limit_ms: number;
	/** Counts test cases from the closing lines of `bun test`; else the step counts as one. */
	readonly counts?: "cases";
	/** Starts no servers, so that it may run beside another such step. */
	readonly light?: boolean;
}

/** What came of a step. It is well when `failed` is 0. */
export interface Outcome {
	readonly step: Step;
	readonly passed: number;
	readonly failed: number;
	readonly skipped: number;
	readonly duration_ms: number;
	/** Why it failed, in a few words; empty when it did not. */
	readonly reason: string;
	/** Standard output and error, in the order written. */
	readonly output: string;
}
