import { readFileSync } from "node:fs";
import { EmbeddedError } from "./error.ts";
import { SERVER_ENV } from "./guard.ts";

const STOP_MS_MAX = 20_000;

export interface Leftover {
	/** Process id found in the folder. It may belong to an unrelated process by now. */
	pid: number;
	/** Whether a command line is that of the server on our folder. */
	is_ours: (command_line: string) => boolean;
	signal: "SIGINT" | "SIGTERM";
	force_signal: "SIGQUIT" | "SIGKILL";
	report?: ((line: string) => void) | undefined;
}

/**
 * Ends a server that an earlier run left behind, and waits until it has ended. A process that is
 * not that server is left alone. Call it only while holding the folder's lock.
 *
 * @throws EmbeddedError when the server is not ours to signal or does not end.
 */
export async function stopLeftover({
	pid,
	is_ours,
	signal,
	force_signal,
	report,
}: Leftover): Promise<void> {
	const runs = () => is_ours(commandLine(pid));
	if (!runs()) return;
	report?.(`stopping a server left over from an earlier run (process ${pid})`);
	for (const next of [signal, force_signal]) {
		send(pid, next);
		if (await ended(runs)) return;
	}
	throw new EmbeddedError(`A server left over from an earlier run (process ${pid}) does not end`, {
		way_out: `Stop it: kill -9 ${pid}`,
	});
}

function send(pid: number, signal: NodeJS.Signals): void {
	try {
		process.kill(pid, signal);
	} catch (cause) {
		if ((cause as NodeJS.ErrnoException).code === "ESRCH") return;
		throw new EmbeddedError(
			`A server left over from an earlier run (process ${pid}) belongs to another user`,
			{ way_out: `Stop it as that user: kill ${pid}`, cause },
		);
	}
}

async function ended(runs: () => boolean): Promise<boolean> {
	const deadline = Date.now() + STOP_MS_MAX;
	while (runs()) {
		if (Date.now() > deadline) return false;
		await Bun.sleep(10);
	}
	return true;
}

/** The command line of a process, its words joined by blanks; empty when there is none. */
export function commandLine(pid: number): string {
	if (process.platform !== "linux") {
		const ps = Bun.spawnSync(["ps", "-ww", "-o", "command=", "-p", `${pid}`], { env: SERVER_ENV });
		return ps.stdout.toString().trim();
	}
	try {
		return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
	} catch {
		return "";
	}
}
