import { renameSync, rmSync } from "node:fs";
import { cp } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { findNatsServer } from "../../src/embedded/nats-binary.ts";
import { type NatsServer, startNatsServer } from "../../src/embedded/nats-server.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A nats-server of one test file. Its streams are in `jetstream` in its folder. */
export interface PrivateNats {
	readonly url: string;
	readonly monitoring_url: string;
	/** Of the server that runs now, or ran last. */
	readonly pid: number;
	readonly folder: string;
	/** Stops it in order. */
	stop(): Promise<void>;
	/** Ends it with SIGKILL. */
	kill(): Promise<void>;
	/** Starts it on the same folder, and the same ports if free; stops it first if it runs. */
	restart(): Promise<void>;
	/** Copies its streams as they lie on the disk at this moment, while it stands still, and says where. */
	copyStore(): Promise<string>;
	/** Moves a copy to where its streams were, or leaves nothing there. It must not run. */
	replaceStore(copy: string | undefined): void;
}

export interface PrivateNatsOptions {
	/** Flush every write to the disk before it is acknowledged. Default false. */
	sync_always?: boolean;
	/** Default: a new one. */
	folder?: string;
}

const STORE = "jetstream";

let binary: Promise<string> | undefined;

/** The nats-server of this machine; one is downloaded only when there is none. */
export function natsBinary(): Promise<string> {
	const { NATS_SERVER_BIN, PATH = "", XDG_CACHE_HOME = join(homedir(), ".cache") } = process.env;
	binary ??= findNatsServer({
		binary: NATS_SERVER_BIN,
		path: PATH,
		cache_folder: join(XDG_CACHE_HOME, "millrace"),
		report() {},
	});
	return binary;
}

/** Starts a nats-server with JetStream that ends with the test process at the latest. */
export async function privateNats(options: PrivateNatsOptions = {}): Promise<PrivateNats> {
	const folder = options.folder ?? temporaryFolder("nats");
	const sync_always = options.sync_always ?? false;
	const start = async () =>
		await startNatsServer({ binary: await natsBinary(), folder, sync_always });
	let server: NatsServer = await start();
	return {
		folder,
		get url() {
			return server.url;
		},
		get monitoring_url() {
			return server.monitoring_url;
		},
		get pid() {
			return server.pid;
		},
		stop: () => server.stop(),
		async kill() {
			process.kill(server.pid, "SIGKILL");
			await server.stop();
		},
		async restart() {
			await server.stop();
			server = await start();
		},
		async copyStore() {
			const copy = temporaryFolder("nats-copy");
			process.kill(server.pid, "SIGSTOP");
			try {
				await cp(join(folder, STORE), copy, { recursive: true });
			} finally {
				process.kill(server.pid, "SIGCONT");
			}
			return copy;
		},
		replaceStore(copy) {
			rmSync(join(folder, STORE), { recursive: true, force: true });
			if (copy !== undefined) renameSync(copy, join(folder, STORE));
		},
	};
}
