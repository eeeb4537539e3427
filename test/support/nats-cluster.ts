import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Guarded, spawnGuarded, untilReady } from "../../src/embedded/guard.ts";
import { keptPorts } from "../../src/embedded/port.ts";
import { natsBinary } from "./nats.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** Three nats-servers as `deploy/nats` has them, on 127.0.0.1. */
export interface NatsCluster {
	/** All addresses, with commas in between. */
	readonly url: string;
	/** The position of the server of a name, as the broker tells who leads a stream. */
	position(name: string): number;
	/** Ends one with SIGKILL. */
	kill(position: number): Promise<void>;
	/** Starts one again with what it had. */
	start(position: number): Promise<void>;
	stop(): Promise<void>;
}

const CONFIG = resolve(import.meta.dir, "../../deploy/nats/nats-server.conf");
const SIZE = 3;
const READY_MS_MAX = 30_000;
const HOST = "127.0.0.1";

export interface NatsClusterOptions {
	/**
	 * Whether the servers tell their clients of each other. Without, a client uses only the addresses that it
	 * was given, such as those of proxies. Default true, as `deploy/nats` has it.
	 */
	readonly advertised?: boolean;
}

export async function natsCluster({
	advertised = true,
}: NatsClusterOptions = {}): Promise<NatsCluster> {
	const folder = temporaryFolder("nats-cluster");
	const config = advertised ? CONFIG : silentConfig(folder);
	const ports = keptPorts(join(folder, "ports"), 3 * SIZE);
	const portOf = (position: number, kind: 0 | 1 | 2) => ports[3 * position + kind] as number;
	const routes = Array.from({ length: SIZE }, (_, at) => [
		`NATS_ROUTE_${at + 1}`,
		`nats://${HOST}:${portOf(at, 2)}`,
	]);
	const servers: (Guarded | undefined)[] = [];

	async function launch(position: number) {
		const store = join(folder, `node-${position}`);
		mkdirSync(store, { recursive: true });
		const server = await spawnGuarded({
			command: [await natsBinary(), "-c", config],
			log: join(folder, `node-${position}.log`),
			environment: {
				NATS_NAME: nameOf(position),
				NATS_LISTEN: `${HOST}:${portOf(position, 0)}`,
				NATS_MONITOR: `${HOST}:${portOf(position, 1)}`,
				NATS_STORE: store,
				NATS_CLUSTER_LISTEN: `${HOST}:${portOf(position, 2)}`,
				...Object.fromEntries(routes),
			},
			stop_signal: "TERM",
			force_signal: "KILL",
			stop_seconds_max: 10,
		});
		servers[position] = server;
		const health = `http://${HOST}:${portOf(position, 1)}/healthz?js-enabled-only=true`;
		const ready = () =>
			fetch(health).then(
				({ ok }) => ok,
				() => false,
			);
		return { server, ready };
	}

	async function start(position: number) {
		const { server, ready } = await launch(position);
		await untilReady(server, { ready, timeout_ms: READY_MS_MAX });
	}

	await Promise.all(Array.from({ length: SIZE }, (_, at) => start(at)));
	return {
		url: Array.from({ length: SIZE }, (_, at) => `nats://${HOST}:${portOf(at, 0)}`).join(","),
		position: (name) => Number(name.slice(-1)) - 1,
		async kill(position) {
			const server = servers[position];
			servers[position] = undefined;
			if (server === undefined) return;
			process.kill(server.pid, "SIGKILL");
			await server.stop();
		},
		start,
		async stop() {
			await Promise.all(servers.map((server) => server?.stop()));
		},
	};
}

function silentConfig(folder: string): string {
	const file = join(folder, "nats-server.conf");
	const text = readFileSync(CONFIG, "utf8");
	writeFileSync(file, text.replace("cluster {", "cluster {\n\tno_advertise: true"));
	return file;
}

function nameOf(position: number): string {
	return `nats-${position + 1}`;
}
