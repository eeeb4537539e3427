import { closeSync, openSync, readFileSync } from "node:fs";
import { EmbeddedError } from "./error.ts";

/** A running server that this process started. `pid` is the server's own. */
export interface EmbeddedServer {
	readonly url: string;
	readonly pid: number;
	/** Resolves with the exit status when the server has ended, asked to or not. */
	readonly exited: Promise<number>;
	/** Asks the server to end and waits until it has. May be called twice. */
	stop(): Promise<void>;
}

/** Whom a server runs as, when not as the user of this process. */
export interface Account {
	readonly name: string;
	readonly uid: number;
	readonly gid: number;
}

export interface GuardOptions {
	/** Absolute path of the program, then its arguments. */
	command: readonly string[];
	/** File that takes what the server prints; begun anew. */
	log: string;
	/** Signal that ends the server in order, without the leading SIG. */
	stop_signal: "INT" | "TERM";
	/** Signal for a server that has not ended `stop_seconds_max` later. */
	force_signal: "QUIT" | "KILL";
	stop_seconds_max: number;
	account?: Account | undefined;
	/** Variables besides those every server gets. */
	environment?: Readonly<Record<string, string>>;
}

export type Guarded = Omit<EmbeddedServer, "url"> & { readonly log: string };

// The server lives as long as the pipe on the guard's standard input: it closes when we want it to,
// and the kernel closes it when we are killed. The guard has its own session, so that an interrupt
// typed at the terminal reaches only us, and the servers outlive the work that still needs them.
const GUARD = `
stop=$1 force=$2 seconds=$3
shift 3
exec 3<&0
"$@" </dev/null 3<&- >&2 &
server=$!
echo "$server"
exec >&2
(
	read -r line <&3
	sleep "$seconds" 3<&- &
	nap=$!
	trap 'kill "$nap"; exit' TERM
	kill -s "$stop" "$server"
	wait "$nap" && kill -s "$force" "$server"
) &
watcher=$!
exec 3<&-
trap 'kill -s "$stop" "$server"' TERM INT HUP
while :; do
	wait "$server"
	status=$?
	kill -0 "$server" 2>/dev/null || break
done
{ kill "$watcher"; wait "$watcher"; } 2>/dev/null
exit "$status"
`;

/** Starts a server that ends with this process, also when this process is killed with SIGKILL. */
export async function spawnGuarded(options: GuardOptions): Promise<Guarded> {
	const guard = spawnGuard(options);
	// A server that runs must not by itself keep a finished program from ending.
	guard.unref();
	let stopping: Promise<void> | undefined;
	const stop = async () => {
		guard.ref();
		await guard.stdin.end();
		await guard.exited;
	};
	return {
		pid: await firstNumber(guard.stdout),
		exited: guard.exited,
		log: options.log,
		stop() {
			stopping ??= stop();
			return stopping;
		},
	};
}

function spawnGuard({
	command,
	log,
	stop_signal,
	force_signal,
	stop_seconds_max,
	account,
	environment,
}: GuardOptions) {
	const output = openSync(log, "w", 0o600);
	try {
		return Bun.spawn(
			[
				"/bin/sh",
				"-c",
				GUARD,
				"millrace-guard",
				stop_signal,
				force_signal,
				`${stop_seconds_max}`,
				...command,
			],
			{
				stdin: "pipe",
				stdout: "pipe",
				stderr: output,
				detached: true,
				cwd: "/",
				env: { ...SERVER_ENV, ...environment },
				...identity(account),
			},
		);
	} finally {
		closeSync(output);
	}
}

/** The environment of every program we start: a stray PGDATA or LD_LIBRARY_PATH must not reach it. */
export const SERVER_ENV = { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C", TZ: "UTC" };

/** Spawn options that make a program run as `account`. */
export function identity(account: Account | undefined): { uid?: number; gid?: number } {
	return account === undefined ? {} : { uid: account.uid, gid: account.gid };
}

async function firstNumber(stream: ReadableStream<Uint8Array>): Promise<number> {
	return Number.parseInt(await new Response(stream).text(), 10);
}

/**
 * Waits until `ready` says yes.
 *
 * @throws EmbeddedError when the server ends first or the time is over; the message quotes its log.
 */
export async function untilReady(
	server: Guarded,
	{ ready, timeout_ms }: { ready: () => boolean | Promise<boolean>; timeout_ms: number },
): Promise<void> {
	let status: number | undefined;
	void server.exited.then((code) => {
		status = code;
	});
	const deadline = Date.now() + timeout_ms;
	while (!(await ready())) {
		if (status !== undefined)
			throw new EmbeddedError(`The server ended at once (status ${status}). ${quote(server.log)}`);
		if (Date.now() > deadline)
			throw new EmbeddedError(
				`The server was not ready after ${timeout_ms} ms. ${quote(server.log)}`,
			);
		await Bun.sleep(5);
	}
}

function quote(log: string): string {
	const lines = readFileSync(log, "utf8").trim().split("\n").slice(-8);
	return `The end of ${log}:\n${lines.join("\n")}`;
}
