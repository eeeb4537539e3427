import { readFlags } from "../../src/cli/read-flags.ts";
import { UsageError } from "../../src/cli/usage-error.ts";
import { openBoard } from "./board.ts";
import { killRunningSteps, runStep } from "./run-step.ts";
import type { Outcome, Step } from "./step.ts";

const LIGHT_STEPS_AT_ONCE = 2;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

const HELP = `Usage: bun run check [--only a,b] [--verbose] [--list] [--help]

Runs every gate, to the end, and fails if one of them fails. The last line says how many test cases
and other gates passed and failed.

  --only a,b   run only these steps, in the usual order
  --verbose    show the output of every step, not only of those that failed
  --list       name the steps and what they run
  --help       show this text`;

const flag = { type: "boolean", default: false } as const;
const options = { only: { type: "string" }, verbose: flag, list: flag, help: flag } as const;

/** Runs the check as a command and returns its exit code: 0 well, 1 a step failed, 2 wrong usage. */
export async function check(steps: readonly Step[], args: readonly string[]): Promise<number> {
	try {
		const flags = readFlags(args, options);
		if (flags.help) return say(HELP);
		if (flags.list) return say(listing(steps));
		return await runAll(choose(steps, flags.only), flags.verbose);
	} catch (error) {
		if (!(error instanceof UsageError)) throw error;
		console.error(`${error.message}\n\n${HELP}`);
		return EXIT_USAGE;
	}
}

function choose(steps: readonly Step[], only: string | undefined): readonly Step[] {
	if (only === undefined) return steps;
	const names = only.split(",").map((name) => name.trim());
	const known = steps.map((step) => step.name);
	const unknown = names.filter((name) => !known.includes(name));
	if (unknown.length > 0) {
		throw new UsageError(`No step "${unknown.join(", ")}"; there are ${known.join(", ")}.`);
	}
	return steps.filter((step) => names.includes(step.name));
}

async function runAll(steps: readonly Step[], verbose: boolean): Promise<number> {
	process.once("SIGINT", stopNow).once("SIGTERM", stopNow);
	const board = openBoard(steps.length);
	const runOne = async (step: Step) => {
		board.started(step);
		const outcome = await runStep(step);
		board.ended(outcome, verbose ? outcome.output : complaint(outcome));
		return outcome;
	};
	const light = steps.filter((step) => step.light);
	const heavy = steps.filter((step) => !step.light);
	const outcomes = [
		...(await runSome(light, LIGHT_STEPS_AT_ONCE, runOne)),
		...(await runSome(heavy, 1, runOne)),
	];
	board.close();
	return report(steps.flatMap((step) => outcomes.filter((outcome) => outcome.step === step)));
}

function complaint({ failed, output }: Outcome): string {
	return failed === 0 ? "" : output.replace(/^\(pass\) .*\n/gm, "");
}

async function runSome(
	steps: readonly Step[],
	atOnce: number,
	run: (step: Step) => Promise<Outcome>,
): Promise<Outcome[]> {
	const queue = [...steps];
	const lane = async () => {
		const outcomes: Outcome[] = [];
		for (let step = queue.shift(); step; step = queue.shift()) outcomes.push(await run(step));
		return outcomes;
	};
	return (await Promise.all(Array.from({ length: atOnce }, lane))).flat();
}

function report(outcomes: readonly Outcome[]): number {
	const failures = outcomes.filter((outcome) => outcome.failed > 0);
	if (failures.length > 0) {
		console.log(`\nFailed: ${failures.map(({ step }) => step.name).join(", ")}`);
	}
	const sum = (count: "passed" | "failed") =>
		outcomes.reduce((total, outcome) => total + outcome[count], 0);
	console.log(`\n${sum("passed")} passed, ${sum("failed")} failed`);
	return failures.length > 0 ? 1 : 0;
}

function listing(steps: readonly Step[]): string {
	return steps
		.map(
			({ name, title, command }) =>
				`${name.padEnd(12)} ${title}\n${" ".repeat(13)}${command.join(" ")}`,
		)
		.join("\n");
}

function say(text: string): number {
	console.log(text);
	return 0;
}

function stopNow(): never {
	killRunningSteps();
	process.exit(EXIT_INTERRUPTED);
}
