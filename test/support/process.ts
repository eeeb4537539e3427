import { appendFileSync, closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ModuleName } from "../../src/contracts/streams.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { eventually } from "./wait.ts";

/** How a process ended: with a code, or by a signal. */
export interface Exit {
	readonly code: number | null;
	readonly signal: string | null;
}

/** One millrace process with addresses that stay the same when it is started again. */
export interface MillraceProcess {
	readonly roles: readonly ModuleName[];
	readonly http_url: string;
	readonly ops_url: string;
	/** Everything it printed, over all its starts. */
	readonly log_file: string;
	/** Whether the latest start has not ended. */
	readonly running: boolean;
	/** Of the latest start. */
	readonly exited: Promise<Exit>;
	/** Starts it with more variables in its environment, and does not wait. */
	launch(environment?: Record<string, string>): void;
	/** Resolves when it answers on all its ports; rejects when it has ended. */
	ready(): Promise<void>;
	/** `launch` and `ready`. */
	start(environment?: Record<string, string>): Promise<void>;
	/** SIGSTOP: it stands still, as in a long pause of its machine, until `thaw`. */
	freeze(): void;
	thaw(): void;
	kill9(): Promise<void>;
	/** SIGTERM, and the way it ended. */
	terminate(): Promise<Exit>;
}

export interface MillraceProcessOptions {
	readonly roles: readonly ModuleName[];
	readonly data_folder: string;
	readonly log_file: string;
	readonly config_file: string;
	readonly environment: Record<string, string>;
}

const ROOT = resolve(import.meta.dir, "../..");
const MAIN = join(ROOT, "src/main.ts");
const READY_MS_MAX = 20_000;

/** Describes a process; `start` or `launch` starts it. It ends with the test process at the latest. */
export function millraceProcess(options: MillraceProcessOptions): MillraceProcess {
	const { roles, log_file } = options;
	const [port, ops_port] = [freePort(), freePort()];
	const http_url = `http://127.0.0.1:${port}`;
	const ops_url = `http://127.0.0.1:${ops_port}`;
	const hasRoutes = roles.includes("order") || roles.includes("inventory");
	let child: Bun.Subprocess | undefined;
	let exited: Promise<Exit> = Promise.resolve({ code: null, signal: null });

	function launch(environment: Record<string, string> = {}) {
		const output = openSync(log_file, "a");
		const flags = ["--roles", roles.join(","), "--config", options.config_file];
		const started = Bun.spawn(
			[process.execPath, MAIN, "start", "--data-dir", options.data_folder, ...flags],
			{
				cwd: options.data_folder,
				env: {
					...surroundings(),
					PORT: `${port}`,
					OPS_PORT: `${ops_port}`,
					...options.environment,
					...environment,
				},
				stdin: "ignore",
				stdout: output,
				stderr: output,
			},
		);
		closeSync(output);
		endWithTests(started.pid, options.data_folder);
		child = started;
		exited = started.exited.then(() => ({
			code: started.exitCode,
			signal: started.signalCode as string | null,
		}));
	}

	async function ready() {
		const current = child;
		await eventually(
			async () => {
				if (current?.exitCode !== null || current.signalCode !== null) return;
				if (!(await fetch(`${ops_url}/readyz`)).ok) throw new Error(`${roles} is not ready`);
				if (hasRoutes) await fetch(`${http_url}/v1/stock/none`);
			},
			{ timeout_ms: READY_MS_MAX },
		);
		if (current?.exitCode !== null || current.signalCode !== null) {
			throw new Error(`millrace ${roles} has ended:\n${logTail(log_file, 20)}`);
		}
	}

	async function end(signal: "SIGKILL" | "SIGTERM") {
		child?.kill(signal);
		return exited;
	}

	return {
		roles,
		http_url,
		ops_url,
		log_file,
		get running() {
			return child !== undefined && child.exitCode === null && child.signalCode === null;
		},
		get exited() {
			return exited;
		},
		launch,
		ready,
		async start(environment) {
			launch(environment);
			await ready();
		},
		freeze: () => child?.kill("SIGSTOP"),
		thaw: () => child?.kill("SIGCONT"),
		kill9: async () => void (await end("SIGKILL")),
		terminate: () => end("SIGTERM"),
	};
}

/** The last lines of a log. */
export function logTail(file: string, lines: number): string {
	if (!existsSync(file)) return "";
	return readFileSync(file, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
}

/** What a program needs of its surroundings to run at all; a stray DATABASE_URL must not reach it. */
export function surroundings(): Record<string, string> {
	const { PATH = "", HOME = "", TMPDIR = "/tmp" } = process.env;
	return { PATH, HOME, TMPDIR };
}

const taken = new Set<number>();
/** Below the ports that the kernel hands out, so that nobody takes it while the process is down. */
const PORTS = { from: 12_000, count: 18_000 };

function freePort(): number {
	for (;;) {
		const port = PORTS.from + Math.floor(Math.random() * PORTS.count);
		if (taken.has(port)) continue;
		try {
			Bun.listen({ hostname: "127.0.0.1", port, exclusive: true, socket: { data() {} } }).stop();
			taken.add(port);
			return port;
		} catch {}
	}
}

// Ends what still runs once the test process is gone, however it went.
const SWEEPER = `
cat >/dev/null
while read -r pid folder; do
	case "$(ps -ww -o command= -p "$pid")" in *"$folder"*) kill -9 "$pid" ;; esac
done <"$1"
`;

let list: string | undefined;

function endWithTests(pid: number, folder: string) {
	list ??= startSweeper();
	appendFileSync(list, `${pid} ${folder}\n`);
}

function startSweeper(): string {
	const file = join(temporaryFolder("processes"), "list");
	Bun.spawn(["/bin/sh", "-c", SWEEPER, "sweeper", file], {
		stdin: "pipe",
		stdout: "ignore",
		stderr: "ignore",
		detached: true,
	}).unref();
	return file;
}
