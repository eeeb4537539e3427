import { UsageError } from "../../src/cli/usage-error.ts";
import { invariants } from "../support/torture-check.ts";
import { type Sight, torture } from "../support/torture-run.ts";
import { makeSchedule } from "../support/torture-schedule.ts";
import { HELP, type Options, parseOptions } from "./options.ts";

const EXIT_WRONG = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;
const MINUTE_MS = 60_000;
const LINE_EVERY_MS = 5_000;

class InterruptedError extends Error {}

/** Runs the torture as a command and returns its exit code. */
async function command(args: readonly string[]): Promise<number> {
	try {
		const options = parseOptions(args);
		if (options.help) console.log(HELP);
		else if (options.plan) console.log(makeSchedule(settings(options)).map(toLine).join("\n"));
		else return await runAndReport(options);
		return 0;
	} catch (error) {
		if (error instanceof UsageError) {
			console.error(`${error.message}\n\n${HELP}`);
			return EXIT_USAGE;
		}
		console.error(`The torture failed: ${(error as Error).message}`);
		return error instanceof InterruptedError ? EXIT_INTERRUPTED : EXIT_WRONG;
	}
}

function settings({ seed, minutes, rate, faults, brokers, logs }: Options) {
	const lasts_ms = Math.round(minutes * MINUTE_MS);
	const logs_folder = logs;
	return {
		seed,
		lasts_ms,
		orders_a_second_max: rate,
		faults_a_minute: faults,
		brokers,
		logs_folder,
	};
}

async function runAndReport(options: Options): Promise<number> {
	const { schedule, ...line } = await Promise.race([
		torture(settings(options), openProgress(options.minutes * MINUTE_MS)),
		interrupted(),
	]);
	console.log(options.json ? JSON.stringify(line) : text(line));
	return line.violations > 0 ? EXIT_WRONG : 0;
}

type Line = Omit<Awaited<ReturnType<typeof torture>>, "schedule">;

function text(line: Line): string {
	const { seed, orders, faults, violations, broken, troubles, unexpected } = line;
	const details = Object.entries(broken).flatMap(([name, { count, examples }]) => [
		`  ${name}  ${count} times: ${invariants[name as keyof typeof invariants]}`,
		...examples.map((example) => `        ${example}`),
	]);
	return [
		`Seed ${seed}: ${orders.toLocaleString("en")} orders, ${faults} faults, ${violations} violations.`,
		...details,
		...[...troubles, ...unexpected].map((what) => `  ${what}`),
		`  faults    ${list(line.faults_by_kind)}`,
		...line.faults_not_done.map((what) => `  not done  ${what}`),
		`  absorbed  ${list(line.absorbed)}`,
		`  clients   ${list(line.clients)}`,
		`  books     ${list(line.counted)}`,
		`  at rest   ${(line.rest_ms / 1_000).toFixed(1)} s after the last fault was due`,
	].join("\n");
}

function list(counts: Readonly<Record<string, number>>): string {
	const words = Object.entries(counts).map(([name, count]) => {
		return `${name.replaceAll(/[_-]/g, " ")} ${count.toLocaleString("en")}`;
	});
	return words.join(", ");
}

function toLine({ at_ms, lasts_ms, ...fault }: ReturnType<typeof makeSchedule>[number]): string {
	return JSON.stringify({ at_ms, ...fault, lasts_ms });
}

/** Shows how far it is, on standard error. */
function openProgress(lasts_ms: number): (sight: Sight) => void {
	const { isTTY } = process.stderr;
	let next_ms = 0;
	let shown = "";
	return ({ phase, elapsed_ms, accepted, faults }) => {
		if (phase === shown && elapsed_ms < next_ms) return;
		shown = phase;
		next_ms = elapsed_ms + (isTTY ? LINE_EVERY_MS / 10 : LINE_EVERY_MS);
		const far = `${Math.round(elapsed_ms / 1_000)} of ${Math.round(lasts_ms / 1_000)} s`;
		const line = `${phase}: ${far}, ${accepted} orders accepted, ${faults} faults`;
		process.stderr.write(isTTY ? `\r${line}\x1b[K${phase === "check" ? "\n" : ""}` : `${line}\n`);
	};
}

function interrupted(): Promise<never> {
	return new Promise((_, reject) => {
		const stop = () => reject(new InterruptedError("interrupted"));
		process.once("SIGINT", stop).once("SIGTERM", stop);
	});
}

// Not only the exit code: after an interrupt, what was about to start must not go on.
process.exit(await command(process.argv.slice(2)));
