import { existsSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { embeddedError } from "./error.ts";
import {
	type Account,
	type EmbeddedServer,
	type Guarded,
	spawnGuarded,
	untilReady,
} from "./guard.ts";
import { commandLine, stopLeftover } from "./leftover.ts";
import { lockFolder } from "./lock.ts";
import { keptPorts, withFreePort } from "./port.ts";
import { chooseAccount } from "./postgres-account.ts";
import { DATABASE, placeCluster, prepareCluster } from "./postgres-cluster.ts";
import { preparePostgres } from "./postgres-program.ts";

const READY_MS_MAX = 120_000;
const STOP_SECONDS_MAX = 20;

const SETTINGS = {
	shared_buffers: "256MB",
	max_wal_size: "2GB",
	max_connections: "100",
	fsync: "on",
};

export interface PostgresOptions {
	/** Holds the database, its password, the log, the port number. Made if absent, kept between starts. */
	folder: string;
	/** PostgreSQL settings by name, as in postgresql.conf; they win over our own. */
	settings?: Record<string, string>;
	report?: ((line: string) => void) | undefined;
}

interface Cluster {
	folder: string;
	data: string;
	native: string;
	password: string;
	account: Account | undefined;
}

/**
 * Starts PostgreSQL 18 on 127.0.0.1 with a database `millrace`, making it on the first start. It
 * ends with this process.
 *
 * @throws EmbeddedError when the folder is in use, or PostgreSQL cannot be had or does not start.
 */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedServer> {
	const folder = resolve(options.folder);
	const lock = lockFolder(folder);
	try {
		const cluster = await prepare(folder, options.report);
		await stopOldServer(cluster.data, options.report);
		const server = await withFreePort(() => launch(cluster, options.settings ?? {}));
		return { ...server, stop: () => server.stop().then(lock.release) };
	} catch (cause) {
		lock.release();
		throw embeddedError(
			cause,
			`Cannot start PostgreSQL in ${folder}`,
			"Choose another folder with --data-dir, or set DATABASE_URL.",
		);
	}
}

async function prepare(folder: string, report: PostgresOptions["report"]): Promise<Cluster> {
	const account = chooseAccount(join(folder, "data"));
	const native = await preparePostgres(folder, account);
	const home = await placeCluster(folder, account);
	const data = join(home, "data");
	if (home !== folder)
		report?.(`the database is kept in ${home}, as PostgreSQL's user cannot enter ${folder}`);
	if (!existsSync(data)) report?.(`making a PostgreSQL database in ${home}`);
	const password = await prepareCluster({ folder, home, native, account });
	return { folder, data, native, account, password };
}

async function launch(cluster: Cluster, settings: Record<string, string>): Promise<EmbeddedServer> {
	const [port = 0] = keptPorts(join(cluster.folder, "port"), 1);
	const fixed = { listen_addresses: "127.0.0.1", port: `${port}`, unix_socket_directories: "" };
	const flags = Object.entries({ ...SETTINGS, ...settings, ...fixed }).flatMap(([name, value]) => [
		"-c",
		`${name}=${value}`,
	]);
	const server = await spawnGuarded({
		command: [join(cluster.native, "bin", "postgres"), "-D", cluster.data, ...flags],
		log: join(cluster.folder, "postgres.log"),
		stop_signal: "INT",
		force_signal: "QUIT",
		stop_seconds_max: STOP_SECONDS_MAX,
		account: cluster.account,
	});
	await readyOrStopped(server, cluster.data);
	return {
		...server,
		url: `postgres://${DATABASE}:${cluster.password}@127.0.0.1:${port}/${DATABASE}`,
	};
}

async function readyOrStopped(server: Guarded, data: string): Promise<void> {
	const ready = () => {
		const state = readState(data);
		return state?.pid === server.pid && state.status === "ready";
	};
	try {
		await untilReady(server, { ready, timeout_ms: READY_MS_MAX });
	} catch (error) {
		await server.stop();
		throw error;
	}
}

/** `postmaster.pid`, as pg_ctl reads it: the process id on line 1, the status on line 8. */
function readState(data: string): { pid: number; status: string } | undefined {
	try {
		const lines = readFileSync(join(data, "postmaster.pid"), "utf8").split("\n");
		return { pid: Number.parseInt(lines[0] ?? "", 10), status: lines[7]?.trim() ?? "" };
	} catch {
		return undefined;
	}
}

async function stopOldServer(data: string, report: PostgresOptions["report"]): Promise<void> {
	const old = readState(data);
	if (old === undefined) return;
	const is_ours = (command_line: string) => command_line.includes(`postgres -D ${data} `);
	await stopLeftover({ pid: old.pid, is_ours, signal: "SIGINT", force_signal: "SIGQUIT", report });
	// PostgreSQL would not start while an unrelated process has the old one's id.
	if (commandLine(old.pid) !== "") rmSync(join(data, "postmaster.pid"), { force: true });
}
