import { afterAll } from "bun:test";
import { resolve } from "node:path";
import { eventually } from "../support/wait.ts";

export const ROOT = resolve(import.meta.dir, "../..");

/** A program that a test started. It ends with the test file at the latest. */
export interface Program {
	readonly pid: number;
	/** Its exit code, when all that it printed is read; 128 and the number of the signal that ended it. */
	readonly exited: Promise<number>;
	readonly stdout: () => string;
	readonly stderr: () => string;
	/** Waits until standard output matches, and answers the match. */
	says(pattern: RegExp, timeout_ms?: number): Promise<RegExpMatchArray>;
	kill(signal: NodeJS.Signals): void;
}

export interface ProgramOptions {
	readonly cwd?: string;
	/** All it sees of the environment, besides what a program needs to run at all. */
	readonly env?: Readonly<Record<string, string | undefined>>;
	/** The signal goes to all that it started, as Ctrl-C of a terminal does. */
	readonly group?: boolean;
}

const started = new Set<Program>();

afterAll(async () => {
	for (const program of started) program.kill("SIGKILL");
	await Promise.all([...started].map(({ exited }) => exited));
});

/** Runs the program of the source tree. */
export function millrace(args: readonly string[], options: ProgramOptions = {}): Program {
	return run([process.execPath, resolve(ROOT, "src/main.ts"), ...args], options);
}

/** Runs a program without standard input. */
export function run(command: readonly string[], options: ProgramOptions = {}): Program {
	const { PATH, HOME, TMPDIR } = process.env;
	const child = Bun.spawn([...command], {
		cwd: options.cwd ?? ROOT,
		env: { PATH, HOME, TMPDIR, ...options.env },
		detached: options.group === true,
		stdin: "ignore",
		stdout: "pipe",
		stderr: "pipe",
	});
	const [out, err] = [collect(child.stdout), collect(child.stderr)];
	const [stdout, stderr] = [out.text, err.text];
	const exit = Promise.all([child.exited, out.end, err.end]).then(([code]) => code);
	const program: Program = {
		pid: child.pid,
		exited: exit.finally(() => started.delete(program)),
		stdout,
		stderr,
		says: (pattern, timeout_ms = 20_000) =>
			eventually(
				() => {
					const match = stdout().match(pattern);
					if (match) return match;
					throw new Error(`${pattern} is not in:\n${stdout()}\n${stderr()}`);
				},
				{ timeout_ms },
			),
		kill(signal) {
			try {
				process.kill(options.group ? -child.pid : child.pid, signal);
			} catch {
				// It has ended.
			}
		},
	};
	started.add(program);
	return program;
}

/** Runs a program to its end. */
export async function ended(program: Program) {
	const code = await program.exited;
	return { code, stdout: program.stdout(), stderr: program.stderr() };
}

function collect(stream: ReadableStream<Uint8Array>) {
	let text = "";
	const decoder = new TextDecoder();
	const read = async () => {
		for await (const bytes of stream) text += decoder.decode(bytes, { stream: true });
	};
	return { text: () => text, end: read() };
}
