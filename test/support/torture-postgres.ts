import type { EmbeddedServer } from "../../src/embedded/guard.ts";
import { startPostgres } from "../../src/embedded/postgres.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { eventually } from "./wait.ts";

/** A PostgreSQL that a test may end, and start again at the same address. */
export interface MortalPostgres {
	readonly url: string;
	/** In order, and up again after `down_ms`. */
	restart(down_ms: number): Promise<void>;
	/** SIGKILL of the postmaster, and up again after `down_ms`. */
	kill9(down_ms: number): Promise<void>;
	stop(): Promise<void>;
}

/** Backends whose postmaster was killed hold on to its memory until they notice. */
const START_MS_MAX = 30_000;

/** @param folder holds its data */
export async function mortalPostgres(
	folder = temporaryFolder("postgres"),
	settings: Record<string, string> = {},
): Promise<MortalPostgres> {
	const start = () => startPostgres({ folder, settings: { shared_buffers: "128MB", ...settings } });
	let server: EmbeddedServer = await start();
	const { url } = server;

	async function startAgain(down_ms: number) {
		await Bun.sleep(down_ms);
		server = await eventually(start, { timeout_ms: START_MS_MAX });
		if (server.url !== url) throw new Error("PostgreSQL's port was taken meanwhile");
	}

	return {
		url,
		async restart(down_ms) {
			await server.stop();
			await startAgain(down_ms);
		},
		async kill9(down_ms) {
			process.kill(server.pid, "SIGKILL");
			await server.stop();
			await startAgain(down_ms);
		},
		stop: () => server.stop(),
	};
}
