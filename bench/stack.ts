import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { readConfig } from "../src/config.ts";
import { moduleNames } from "../src/contracts/streams.ts";
import type { EmbeddedServer } from "../src/embedded/guard.ts";
import { findNatsServer } from "../src/embedded/nats-binary.ts";
import { startNatsServer } from "../src/embedded/nats-server.ts";
import { natsServerVersion } from "../src/embedded/nats-version.ts";
import { startPostgres } from "../src/embedded/postgres.ts";
import { startSandbox } from "../src/embedded/sandbox.ts";
import { type MillraceProcess, startMillrace } from "./millrace-process.ts";
import type { Options } from "./options.ts";

/** PostgreSQL as on a server of its own. What makes a commit durable stays on. */
export const POSTGRES_SETTINGS = {
	fsync: "on",
	synchronous_commit: "on",
	full_page_writes: "on",
	shared_buffers: "512MB",
	max_wal_size: "4GB",
	wal_buffers: "16MB",
	checkpoint_timeout: "15min",
};

/** Everything that runs while orders are taken, but for the generator. */
export interface Stack {
	readonly database_url: string;
	readonly nats_url: string;
	readonly nats_version: string;
	readonly millrace: readonly MillraceProcess[];
	readonly pids: Readonly<Record<"millrace" | "nats" | "postgres" | "sandbox", readonly number[]>>;
	/** Of the sandbox gateway, when there is one. */
	readonly gateway_url: string | undefined;
	/** Where orders go. */
	readonly order_url: string;
	/** Where stock comes in; undefined when the inventory role does not run. */
	readonly stock_url: string | undefined;
	/** Whether orders end: every role runs. */
	readonly ends: boolean;
	/** Where millrace keeps the gateway's ledger and the audit log. */
	readonly data_folder: string;
	/** Resolves with what happened when a process ends by itself. */
	readonly failed: Promise<string>;
}

/** What of millrace runs beside PostgreSQL and nats-server. */
export interface StackPlan {
	/** Of each process, as `--roles` takes them. */
	readonly role_groups: readonly string[];
	readonly gateway: Options["gateway"];
}

/**
 * Starts PostgreSQL, nats-server and millrace in `folder`.
 * @param cleanUp takes what stops each thing that was started, at once
 */
export async function startStack(
	{ role_groups, gateway }: StackPlan,
	folder: string,
	cleanUp: (stop: () => Promise<void>) => void,
): Promise<Stack> {
	const started = <T extends { stop(): Promise<void> }>(server: T) => {
		cleanUp(() => server.stop());
		return server;
	};
	const postgres = started(
		await startPostgres({ folder: join(folder, "postgres"), settings: POSTGRES_SETTINGS }),
	);
	const { nats, nats_version } = await startNats(folder);
	started(nats);
	const data_folder = join(folder, "millrace");
	mkdirSync(data_folder);
	const sandbox =
		gateway === "sandbox"
			? started(await startSandbox({ folder: join(folder, "sandbox") }))
			: undefined;
	const gateway_url = sandbox?.url;
	const urls = { database_url: postgres.url, nats_url: nats.url, gateway_url };
	const millrace: MillraceProcess[] = [];
	for (const roles of role_groups) {
		millrace.push(started(await startMillrace({ roles, folder: data_folder, ...urls })));
	}
	return {
		database_url: postgres.url,
		nats_url: nats.url,
		nats_version,
		millrace,
		pids: {
			millrace: millrace.map(({ pid }) => pid),
			nats: [nats.pid],
			postgres: [postgres.pid],
			sandbox: sandbox ? [sandbox.pid] : [],
		},
		gateway_url,
		order_url: urlOf(millrace, "order") ?? "",
		stock_url: urlOf(millrace, "inventory"),
		ends: moduleNames.every((name) => role_groups.some((it) => it === name || it === "all")),
		data_folder,
		failed: firstEnd(
			{ PostgreSQL: postgres, "nats-server": nats, ...(sandbox && { sandbox }) },
			millrace,
		),
	};
}

async function startNats(folder: string) {
	const { embedded } = await readConfig();
	const binary = await findNatsServer({ ...embedded, report: (line) => console.error(line) });
	const nats = await startNatsServer({ binary, folder: join(folder, "nats"), sync_always: true });
	return { nats, nats_version: (await natsServerVersion(binary)) ?? "unknown" };
}

function urlOf(millrace: readonly MillraceProcess[], role: string): string | undefined {
	return millrace.find(({ roles }) => roles === role || roles === "all")?.http_url;
}

function firstEnd(
	servers: Record<string, EmbeddedServer>,
	millrace: readonly MillraceProcess[],
): Promise<string> {
	const named = [
		...Object.entries(servers),
		...millrace.map((it) => [`millrace (${it.roles})`, it] as const),
	];
	return Promise.race(
		named.map(async ([name, { exited }]) => `${name} ended by itself (status ${await exited}).`),
	);
}
