import type { Outcome, Step } from "./step.ts";

const REDRAW_MS = 100;
/** Width of a terminal that does not say its own. */
const COLUMNS = 80;
const CLEAR_LINE = "\r\u001b[2K";

/** Tells how the check is getting on: a line for each step that ended, and what runs now. */
export interface Board {
	started(step: Step): void;
	/** `output` is shown below the line; empty shows none. */
	ended(outcome: Outcome, output: string): void;
	close(): void;
}

/** A board on standard output; on a terminal its last line shows the running steps, live. */
export function openBoard(stepCount: number): Board {
	const startedAt = new Map<Step, number>();
	let endedCount = 0;
	const clear = () => live && process.stdout.write(CLEAR_LINE);
	const redraw = () => {
		const names = [...startedAt].map(([step, at]) => `${step.name} ${seconds(since(at))}`);
		const line = `  ${endedCount}/${stepCount}  running: ${names.join(", ")}`;
		process.stdout.write(CLEAR_LINE + line.slice(0, process.stdout.columns || COLUMNS));
	};
	const live = process.stdout.isTTY ? setInterval(redraw, REDRAW_MS) : undefined;
	return {
		started(step) {
			startedAt.set(step, performance.now());
		},
		ended(outcome, output) {
			startedAt.delete(outcome.step);
			endedCount += 1;
			clear();
			console.log(outcomeLine(outcome));
			if (output) console.log(indented(output));
		},
		close() {
			clearInterval(live);
			clear();
		},
	};
}

function outcomeLine({ step, passed, failed, skipped, duration_ms, reason }: Outcome): string {
	const mark = failed === 0 ? "ok  " : "FAIL";
	const columns = `${mark}  ${step.name.padEnd(12)} ${seconds(duration_ms).padStart(8)}`;
	const cases = step.counts === "cases" ? `  ${passed} passed` : "";
	const skips = skipped > 0 ? `, ${skipped} skipped` : "";
	return `${columns}${cases}${skips}${reason && `  ${reason}`}`.trimEnd();
}

function indented(output: string): string {
	return output.trim().replace(/^/gm, "      ");
}

function since(start: number): number {
	return performance.now() - start;
}

function seconds(duration_ms: number): string {
	return `${(duration_ms / 1_000).toFixed(1)} s`;
}
