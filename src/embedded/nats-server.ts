import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { embeddedError } from "./error.ts";
import { type EmbeddedServer, type Guarded, spawnGuarded, untilReady } from "./guard.ts";
import { stopLeftover } from "./leftover.ts";
import { lockFolder } from "./lock.ts";
import { keptPorts, withFreePort } from "./port.ts";

const READY_MS_MAX = 60_000;
const STOP_SECONDS_MAX = 10;

export interface NatsServerOptions {
	/** Path of a nats-server of at least 2.12; see `findNatsServer`. */
	binary: string;
	/** Holds the streams, the log, the port numbers. Made if absent, kept between starts. */
	folder: string;
	/** Flush every write to the disk before it is acknowledged. Off: the server does so every two minutes. */
	sync_always?: boolean;
	/** The most that all streams on disk may take together. Default 20 GiB. */
	file_store_bytes_max?: number;
	report?: ((line: string) => void) | undefined;
}

export interface NatsServer extends EmbeddedServer {
	readonly monitoring_url: string;
}

/**
 * Starts a nats-server with JetStream on 127.0.0.1. It ends with this process.
 *
 * @throws EmbeddedError when the folder is in use or the server does not start.
 */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
	const folder = resolve(options.folder);
	const lock = lockFolder(folder);
	try {
		await stopOldServer(folder, options.report);
		const server = await withFreePort(() => launch(folder, options));
		return { ...server, stop: () => server.stop().then(lock.release) };
	} catch (cause) {
		lock.release();
		throw embeddedError(
			cause,
			`Cannot start nats-server in ${folder}`,
			"Choose another folder with --data-dir, or set NATS_URL.",
		);
	}
}

async function launch(folder: string, options: NatsServerOptions): Promise<NatsServer> {
	const [port = 0, monitoring_port = 0] = keptPorts(join(folder, "ports"), 2);
	mkdirSync(join(folder, "jetstream"), { recursive: true, mode: 0o700 });
	writeFileSync(configFile(folder), configText({ ...options, folder, port, monitoring_port }));
	const server = await spawnGuarded({
		command: [resolve(options.binary), "-c", configFile(folder)],
		log: join(folder, "nats-server.log"),
		// Its live heap is small: it collects a quarter as often for some tens of megabytes more.
		environment: { GOGC: "400" },
		stop_signal: "TERM",
		force_signal: "KILL",
		stop_seconds_max: STOP_SECONDS_MAX,
	});
	await readyOrStopped(server, port);
	return {
		...server,
		url: `nats://127.0.0.1:${port}`,
		monitoring_url: `http://127.0.0.1:${monitoring_port}`,
	};
}

async function readyOrStopped(server: Guarded, port: number): Promise<void> {
	try {
		await untilReady(server, { ready: () => greets(port), timeout_ms: READY_MS_MAX });
	} catch (error) {
		await server.stop();
		throw error;
	}
}

/** The server begins to listen only after JetStream has recovered, and speaks first. */
function greets(port: number): Promise<boolean> {
	return new Promise((answer) => {
		const socket = Bun.connect({
			hostname: "127.0.0.1",
			port,
			socket: {
				data(connection, bytes) {
					answer(bytes.toString().startsWith("INFO "));
					connection.end();
				},
				close: () => answer(false),
				connectError: () => answer(false),
			},
		});
		socket.catch(() => answer(false));
	});
}

function configFile(folder: string): string {
	return join(folder, "nats-server.conf");
}

type Config = NatsServerOptions & { port: number; monitoring_port: number };

function configText({
	folder,
	port,
	monitoring_port,
	sync_always,
	file_store_bytes_max,
}: Config): string {
	return `server_name: "millrace"
listen: "127.0.0.1:${port}"
http: "127.0.0.1:${monitoring_port}"
pid_file: ${JSON.stringify(join(folder, "nats-server.pid"))}
jetstream {
	store_dir: ${JSON.stringify(folder)}
	max_memory_store: 268435456
	max_file_store: ${file_store_bytes_max ?? 20 * 1024 ** 3}
	sync_interval: ${sync_always ? "always" : '"2m"'}
}
`;
}

async function stopOldServer(folder: string, report: NatsServerOptions["report"]): Promise<void> {
	const file = join(folder, "nats-server.pid");
	if (!existsSync(file)) return;
	await stopLeftover({
		pid: Number.parseInt(readFileSync(file, "utf8"), 10),
		is_ours: (command_line) => command_line.includes(`-c ${configFile(folder)}`),
		signal: "SIGTERM",
		force_signal: "SIGKILL",
		report,
	});
}
