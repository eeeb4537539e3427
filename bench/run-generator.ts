import { join } from "node:path";
import type { GeneratorLine } from "./generator.ts";
import type { Load } from "./load.ts";

const STOP_MS_MAX = 2_000;

/** The load generator as a process of its own. */
export interface Generator {
	readonly pid: number;
	/** Resolves with its last line when all orders were answered. */
	readonly finished: Promise<GeneratorLine>;
	stop(): Promise<void>;
}

/** @param onLine gets what it prints on the way, a few times a second */
export function runGenerator(load: Load, onLine: (line: GeneratorLine) => void): Generator {
	const program = Bun.spawn(
		[process.execPath, join(import.meta.dir, "generator.ts"), JSON.stringify(load)],
		{ stdin: "pipe", stdout: "pipe", stderr: "pipe" },
	);
	return {
		pid: program.pid,
		finished: lastLine(program, onLine),
		async stop() {
			program.kill("SIGTERM");
			const forced = setTimeout(() => program.kill("SIGKILL"), STOP_MS_MAX);
			await program.exited.finally(() => clearTimeout(forced));
		},
	};
}

async function lastLine(
	program: Bun.Subprocess<"pipe", "pipe", "pipe">,
	onLine: (line: GeneratorLine) => void,
): Promise<GeneratorLine> {
	const complaint = new Response(program.stderr).text();
	let last: GeneratorLine | undefined;
	for await (const line of linesOf(program.stdout)) {
		last = JSON.parse(line) as GeneratorLine;
		onLine(last);
	}
	if (last?.done && (await program.exited) === 0) return last;
	throw new Error(`The load generator failed: ${(await complaint).trim()}`);
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
	const decoder = new TextDecoder();
	let rest = "";
	for await (const bytes of stream) {
		const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
		rest = lines.pop() ?? "";
		yield* lines;
	}
}
