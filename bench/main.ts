import { rmSync } from "node:fs";
import { UsageError } from "../src/cli/usage-error.ts";
import { temporaryFolder } from "../test/support/temporary-folder.ts";
import { HELP, type Options, parseOptions, roleGroups } from "./options.ts";
import { openProgress, type Progress } from "./progress.ts";
import { table } from "./report.ts";
import { type Run, run } from "./run.ts";
import { type Stack, startStack } from "./stack.ts";

const EXIT_WRONG = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;
const COMPLAINTS_SHOWN_MAX = 5;

class InterruptedError extends Error {}

/** Runs the benchmark as a command and returns its exit code. */
async function bench(args: readonly string[]): Promise<number> {
	try {
		const options = parseOptions(args);
		if (!options.help) return await measure(options);
		console.log(HELP);
		return 0;
	} catch (error) {
		if (error instanceof UsageError) {
			console.error(`${error.message}\n\n${HELP}`);
			return EXIT_USAGE;
		}
		console.error(`The benchmark failed: ${(error as Error).message}`);
		return error instanceof InterruptedError ? EXIT_INTERRUPTED : EXIT_WRONG;
	}
}

async function measure(options: Options): Promise<number> {
	const progress = openProgress(!options.intake_only);
	const stops: (() => Promise<void>)[] = [];
	const cleanUp = (stop: () => Promise<void>) => void stops.push(stop);
	try {
		const folder = temporaryFolder("bench");
		cleanUp(async () => rmSync(folder, { recursive: true, force: true }));
		const work = startAndRun(options, { folder, progress, cleanUp });
		const { stack, ...done } = await Promise.race([work, interrupted()]);
		progress.close();
		warn(stack);
		console.log(options.json ? JSON.stringify(done.figures) : table(options, done, stack));
		return Object.values(done.figures.verdict).some((count) => count > 0) ? EXIT_WRONG : 0;
	} finally {
		progress.close();
		for (const stop of stops.reverse()) await stop().catch(complain);
	}
}

async function startAndRun(
	options: Options,
	needs: {
		folder: string;
		progress: Progress;
		cleanUp: (stop: () => Promise<void>) => void;
	},
): Promise<Run & { stack: Stack }> {
	const plan = { role_groups: roleGroups(options), gateway: options.gateway };
	const stack = await startStack(plan, needs.folder, needs.cleanUp);
	const failure = stack.failed.then((what) => {
		warn(stack);
		throw new Error(what);
	});
	return { ...(await Promise.race([run(options, { ...needs, stack }), failure])), stack };
}

function interrupted(): Promise<never> {
	return new Promise((_, reject) => {
		const stop = () => reject(new InterruptedError("interrupted"));
		process.once("SIGINT", stop).once("SIGTERM", stop);
	});
}

function warn({ millrace }: Stack): void {
	for (const { roles, complaints } of millrace) {
		const lines = complaints();
		if (lines.length === 0) continue;
		console.error(`millrace (${roles}) logged ${lines.length} warnings, the first of them:`);
		for (const line of lines.slice(0, COMPLAINTS_SHOWN_MAX)) console.error(`  ${line}`);
	}
}

function complain(error: Error): void {
	console.error(`Not all was cleaned up: ${error.message}`);
}

// Not only the exit code: after an interrupt, what was about to start must not go on.
process.exit(await bench(process.argv.slice(2)));
