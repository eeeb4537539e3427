import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { embeddedError } from "./error.ts";
import { type EmbeddedServer, type Guarded, spawnGuarded, untilReady } from "./guard.ts";
import { stopLeftover } from "./leftover.ts";
import { lockFolder } from "./lock.ts";
import { keptPorts, withFreePort } from "./port.ts";

const READY_MS_MAX = 30_000;
const STOP_SECONDS_MAX = 15;

/** Not there inside an executable, which then is the whole program. */
const MAIN = resolve(import.meta.dir, "../main.ts");
const PROGRAM = existsSync(MAIN) ? [process.execPath, MAIN] : [process.execPath];

export interface SandboxOptions {
	/** Holds the ledger, the log, the port number. Made if absent, kept between starts. */
	folder: string;
	report?: ((line: string) => void) | undefined;
}

/**
 * Starts the sandbox gateway on 127.0.0.1. It ends with this process.
 *
 * @throws EmbeddedError when the folder is in use or the gateway does not start.
 */
export async function startSandbox(options: SandboxOptions): Promise<EmbeddedServer> {
	const folder = resolve(options.folder);
	const lock = lockFolder(folder);
	try {
		await stopOldSandbox(folder, options.report);
		const server = await withFreePort(() => launch(folder));
		return { ...server, stop: () => server.stop().then(lock.release) };
	} catch (cause) {
		lock.release();
		throw embeddedError(
			cause,
			`Cannot start the sandbox gateway in ${folder}`,
			"Choose another folder with --data-dir, or set STRIPE_API_KEY.",
		);
	}
}

async function launch(folder: string): Promise<EmbeddedServer> {
	const [port = 0] = keptPorts(join(folder, "ports"), 1);
	const url = `http://127.0.0.1:${port}`;
	mkdirSync(ledgerFolder(folder), { recursive: true });
	const server = await spawnGuarded({
		command: [...PROGRAM, ...argumentsFor(folder), "--port", `${port}`],
		log: join(folder, "sandbox.log"),
		stop_signal: "TERM",
		force_signal: "KILL",
		stop_seconds_max: STOP_SECONDS_MAX,
	});
	await readyOrStopped(server, `${url}/_sandbox/stats`);
	return { ...server, url };
}

async function readyOrStopped(server: Guarded, url: string): Promise<void> {
	const ready = () =>
		fetch(url).then(
			({ ok }) => ok,
			() => false,
		);
	try {
		await untilReady(server, { ready, timeout_ms: READY_MS_MAX });
	} catch (error) {
		await server.stop();
		throw error;
	}
}

function argumentsFor(folder: string): string[] {
	return ["sandbox", "--data-dir", ledgerFolder(folder)];
}

/** The gateway locks its own folder, so it cannot be the one that we lock. */
function ledgerFolder(folder: string): string {
	return join(folder, "ledger");
}

async function stopOldSandbox(folder: string, report: SandboxOptions["report"]): Promise<void> {
	const file = join(ledgerFolder(folder), "owner.json");
	if (!existsSync(file)) return;
	await stopLeftover({
		pid: JSON.parse(readFileSync(file, "utf8")).pid,
		is_ours: (command_line) => command_line.includes(argumentsFor(folder).join(" ")),
		signal: "SIGTERM",
		force_signal: "SIGKILL",
		report,
	});
}
