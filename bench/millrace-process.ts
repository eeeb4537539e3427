import { readFileSync } from "node:fs";
import { join } from "node:path";
import { spawnGuarded, untilReady } from "../src/embedded/guard.ts";

export interface MillraceOptions {
	/** As `--roles` takes them. */
	readonly roles: string;
	readonly folder: string;
	readonly database_url: string;
	readonly nats_url: string;
	/** Of the sandbox gateway; undefined for the one inside the process. */
	readonly gateway_url: string | undefined;
}

/** millrace as users run it, a process of its own that ends with this one. */
export interface MillraceProcess {
	readonly roles: string;
	readonly pid: number;
	/** Undefined when its roles have no routes. */
	readonly http_url: string | undefined;
	readonly exited: Promise<number>;
	/** What it logged at level warn and above. */
	complaints(): string[];
	stop(): Promise<void>;
}

const MAIN = join(import.meta.dir, "..", "src", "main.ts");
const READY_MS_MAX = 30_000;
const STOP_SECONDS_MAX = 15;
const COMPLAINT = /"level":"(warn|error|fatal)"/;

/** Resolves when it takes orders. */
export async function startMillrace(options: MillraceOptions): Promise<MillraceProcess> {
	const { roles, folder } = options;
	const server = await spawnGuarded({
		command: [process.execPath, MAIN, "start", `--roles=${roles}`, `--data-dir=${folder}`],
		environment: variables(options),
		log: join(folder, `millrace-${roles}.log`),
		stop_signal: "TERM",
		force_signal: "KILL",
		stop_seconds_max: STOP_SECONDS_MAX,
	});
	await untilReady(server, {
		ready: () => startedLine(server.log) !== undefined,
		timeout_ms: READY_MS_MAX,
	}).catch(async (error) => {
		await server.stop();
		throw error;
	});
	return {
		...server,
		roles,
		http_url: startedLine(server.log)?.http,
		complaints: () => logLines(server.log).filter((line) => COMPLAINT.test(line)),
	};
}

function variables({
	folder,
	database_url,
	nats_url,
	gateway_url,
}: MillraceOptions): Record<string, string> {
	return {
		DATABASE_URL: database_url,
		NATS_URL: nats_url,
		...(gateway_url === undefined
			? { PAYMENT_GATEWAY: "in-process" }
			: { STRIPE_API_KEY: "sk_test_bench", STRIPE_API_URL: gateway_url }),
		AUDIT_STORE: join(folder, "audit"),
		PORT: "0",
		OPS_PORT: "0",
		// The line that says where it listens is of this level; nothing on the hot path is.
		LOG_LEVEL: "info",
		// As the image and `bun run start` set it (docs/decisions/0009).
		MIMALLOC_PURGE_DELAY: "-1",
	};
}

function startedLine(log: string): { http?: string } | undefined {
	const line = logLines(log).find((text) => text.includes('"msg":"started"'));
	return line === undefined ? undefined : JSON.parse(line);
}

function logLines(log: string): string[] {
	return readFileSync(log, "utf8").split("\n").slice(0, -1);
}
