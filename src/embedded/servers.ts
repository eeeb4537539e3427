import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { addEndpoints, type Endpoints, removeEndpoints } from "./endpoints.ts";
import type { EmbeddedServer } from "./guard.ts";
import { findNatsServer, type NatsBinaryOptions } from "./nats-binary.ts";
import { type NatsServerOptions, startNatsServer } from "./nats-server.ts";
import { type PostgresOptions, startPostgres } from "./postgres.ts";
import { startSandbox } from "./sandbox.ts";

export interface EmbeddedServersOptions {
	/** Holds `postgres/`, `nats/`, `sandbox/` and `endpoints.json`. */
	data_folder: string;
	/** Leave out to start no PostgreSQL. */
	postgres?: Pick<PostgresOptions, "settings"> | undefined;
	/** Leave out to start no nats-server. */
	nats?: (Omit<NatsBinaryOptions, "report"> & Pick<NatsServerOptions, "sync_always">) | undefined;
	/** Whether to start the sandbox gateway. */
	sandbox?: boolean;
	report: (line: string) => void;
}

export interface EmbeddedServers
	extends Pick<Endpoints, "database_url" | "nats_url" | "nats_monitoring_url" | "gateway_url"> {
	/** Resolves with what happened when one of the servers ends without being asked to. */
	readonly failed: Promise<string>;
	/** Stops the servers and removes `endpoints.json`. May be called twice. */
	stop(): Promise<void>;
}

/**
 * Starts the servers asked for side by side and writes where they answer to `endpoints.json`. When
 * one does not start, the others are stopped before the error is passed on.
 *
 * @throws EmbeddedError
 */
export async function startServers(options: EmbeddedServersOptions): Promise<EmbeddedServers> {
	const { data_folder } = options;
	const [postgres, nats, sandbox] = await allOrNone([
		postgresOf(options),
		natsOf(options),
		sandboxOf(options),
	]);
	const urls = {
		...(postgres && { database_url: postgres.url }),
		...(nats && { nats_url: nats.url, nats_monitoring_url: nats.monitoring_url }),
		...(sandbox && { gateway_url: sandbox.url }),
	};
	mkdirSync(data_folder, { recursive: true });
	// What a killed run left there is no longer true. Now that the folders are ours, it may go.
	removeEndpoints(data_folder);
	addEndpoints(data_folder, urls);
	const running = { PostgreSQL: postgres, "nats-server": nats, "sandbox gateway": sandbox };
	let stopping = false;
	return {
		...urls,
		failed: firstEnd(running, () => stopping),
		async stop() {
			stopping = true;
			removeEndpoints(data_folder);
			await Promise.all([postgres?.stop(), nats?.stop(), sandbox?.stop()]);
		},
	};
}

async function postgresOf({ data_folder, postgres, report }: EmbeddedServersOptions) {
	if (postgres === undefined) return undefined;
	return await startPostgres({ ...postgres, folder: join(data_folder, "postgres"), report });
}

async function natsOf({ data_folder, nats, report }: EmbeddedServersOptions) {
	if (nats === undefined) return undefined;
	const binary = await findNatsServer({ ...nats, report });
	return await startNatsServer({
		sync_always: nats.sync_always ?? false,
		folder: join(data_folder, "nats"),
		binary,
		report,
	});
}

async function sandboxOf({ data_folder, sandbox, report }: EmbeddedServersOptions) {
	if (!sandbox) return undefined;
	return await startSandbox({ folder: join(data_folder, "sandbox"), report });
}

async function allOrNone<T extends readonly Stoppable[]>(
	starts: {
		[K in keyof T]: Promise<T[K]>;
	},
): Promise<T> {
	const ends = await Promise.allSettled<Stoppable>(starts);
	const failure = ends.find((end) => end.status === "rejected");
	if (failure === undefined) return (await Promise.all(starts)) as unknown as T;
	for (const end of ends) if (end.status === "fulfilled") await end.value?.stop();
	throw failure.reason;
}

type Stoppable = Pick<EmbeddedServer, "stop"> | undefined;

function firstEnd(
	servers: Record<string, EmbeddedServer | undefined>,
	wanted: () => boolean,
): Promise<string> {
	return new Promise((failed) => {
		for (const [name, server] of Object.entries(servers)) {
			void server?.exited.then((status) => {
				if (!wanted()) failed(`The embedded ${name} ended by itself (status ${status}).`);
			});
		}
	});
}
