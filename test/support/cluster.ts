import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import postgres, { type Sql } from "postgres";
import { type ModuleName, moduleNames } from "../../src/contracts/streams.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { createInProcessGateway } from "../../src/gateway/in-process-gateway.ts";
import { createStripeGateway } from "../../src/gateway/stripe-gateway.ts";
import { type ClusterBroker, openClusterBroker } from "./cluster-broker.ts";
import { type PrivateNats, privateNats } from "./nats.ts";
import { type PrivateDatabase, privateDatabase } from "./postgres.ts";
import { logTail, type MillraceProcess, millraceProcess } from "./process.ts";
import { SANDBOX_KEY, type SandboxProcess } from "./sandbox.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export interface ClusterOptions {
	/** The roles of each process. Default: one process with all of them. */
	readonly processes?: readonly (readonly ModuleName[])[];
	/** One database for all modules, or one for each. Default: one. */
	readonly databases?: "shared" | "one each";
	/** Use this server instead of the tests' own. */
	readonly database_url?: string;
	/** Use these nats-servers instead of one of its own. */
	readonly nats_url?: string;
	/** Settings of these sections besides the short timings. */
	readonly intake?: Readonly<Record<string, number>>;
	readonly nats?: Readonly<Record<string, number>>;
	/** Variables of every process. */
	readonly environment?: Record<string, string>;
	/** More variables of the nth process, such as the address of a proxy in front of a server. */
	readonly environment_of?: (
		position: number,
		servers: { readonly nats_url: string; readonly database_url: string },
	) => Promise<Record<string, string>>;
	/** Who moves the money. Default: a gateway inside each process. */
	readonly sandbox?: SandboxProcess | undefined;
	/** Above the short timings. */
	readonly payment?: Readonly<Record<string, number>>;
	/** For how long the broker itself stops duplicates. Default: 30. */
	readonly duplicate_window_s?: number;
}

/** A whole millrace of real processes on a broker and databases of its own. */
export interface Cluster {
	readonly processes: readonly MillraceProcess[];
	readonly nats: PrivateNats;
	/** A look at the broker from the outside. */
	readonly broker: ClusterBroker;
	readonly sql: Readonly<Record<ModuleName, Sql>>;
	readonly database_urls: Readonly<Record<ModuleName, string>>;
	/** Who moved the money, to be asked for its books. */
	readonly gateway: Gateway;
	readonly data_folder: string;
	readonly audit_folder: string;
	/** The processes that host a role. */
	hosting(role: ModuleName): readonly MillraceProcess[];
	/** Where to place orders, and where to report goods. */
	url(role: "order" | "inventory"): string;
}

/** Every role in a process of its own. */
export const ONE_ROLE_EACH = moduleNames.map((name) => [name] as const);

/** So short that what a crash left behind is taken up within a second or two. */
const SHORT_TIMINGS = `
[relay]
lease_ms = 1_000
sweep_interval_ms = 250
[consumer]
batch_events_max = 50
in_flight_max = 400
ack_wait_ms = 1_000
heartbeat_ms = 500
expires_ms = 1_000
retry_first_ms = 100
retry_last_ms = 1_000
pause_ms = 200
stall_ms = 3_000
[audit]
flush_ms = 50
[nats]
ping_interval_ms = 1_000
`;

const SHORT_PAYMENT_TIMINGS = {
	call_timeout_ms: 500,
	lease_ms: 1_000,
	straggler_ms: 200,
	retry_first_ms: 100,
	retry_last_ms: 1_000,
	resolve_interval_ms: 100,
	pause_ms: 200,
};

const BOOKS_MS_MAX = 10_000;
const TAIL_LINES = 40;
/** More at once only take each other's time, until timings mean nothing. */
const CLUSTERS_MAX = 4;

let clusters = 0;
const waiting: (() => void)[] = [];

/** Makes a cluster, gives it to `test`, and shows the logs when that fails. Nothing is started yet. */
export async function withCluster(
	options: ClusterOptions,
	test: (cluster: Cluster) => Promise<void>,
): Promise<void> {
	const cleanups: (() => Promise<unknown>)[] = [];
	if (clusters >= CLUSTERS_MAX) await new Promise<void>((resolve) => waiting.push(resolve));
	clusters += 1;
	try {
		const cluster = await makeCluster(options, cleanups);
		try {
			await test(cluster);
		} catch (error) {
			for (const { roles, log_file } of cluster.processes) {
				process.stderr.write(`\n--- log of ${roles}\n${logTail(log_file, TAIL_LINES)}\n`);
			}
			throw error;
		}
	} finally {
		for (const cleanup of cleanups.reverse()) await cleanup();
		clusters -= 1;
		waiting.shift()?.();
	}
}

async function makeCluster(
	options: ClusterOptions,
	cleanups: (() => Promise<unknown>)[],
): Promise<Cluster> {
	const nats = options.nats_url === undefined ? await privateNats() : undefined;
	if (nats) cleanups.push(() => nats.stop());
	const nats_url = nats?.url ?? options.nats_url ?? "";
	const database_urls = await makeDatabases(options, cleanups);
	const sql = Object.fromEntries(
		moduleNames.map((name) => [name, postgres(database_urls[name], { max: 1, onnotice() {} })]),
	) as unknown as Cluster["sql"];
	for (const name of moduleNames) cleanups.push(() => sql[name].end({ timeout: 1 }));
	const broker = await openClusterBroker(nats_url);
	cleanups.push(broker.close);
	const data_folder = temporaryFolder("data");
	const audit_folder = join(data_folder, "log");
	const processes = await makeProcesses(options, {
		nats_url,
		database_urls,
		data_folder,
		audit_folder,
	});
	for (const it of processes) cleanups.push(it.kill9);
	const hosting = (role: ModuleName) => processes.filter(({ roles }) => roles.includes(role));
	return {
		processes,
		get nats() {
			if (nats) return nats;
			throw new Error("this cluster was given nats-servers: ask whoever started them");
		},
		broker,
		sql,
		database_urls,
		gateway: openGateway(options, data_folder),
		data_folder,
		audit_folder,
		hosting,
		url: (role) => hosting(role)[0]?.http_url ?? "",
	};
}

function openGateway({ sandbox }: ClusterOptions, data_folder: string): Gateway {
	if (sandbox === undefined) return createInProcessGateway(join(data_folder, "gateway"));
	return createStripeGateway({
		api_key: SANDBOX_KEY,
		api_url: sandbox.url,
		call_timeout_ms: BOOKS_MS_MAX,
		default_token: "",
	});
}

async function makeDatabases(
	{ databases = "shared", database_url }: ClusterOptions,
	cleanups: (() => Promise<unknown>)[],
): Promise<Record<ModuleName, string>> {
	let shared: PrivateDatabase | undefined;
	const urls: [ModuleName, string][] = [];
	for (const name of moduleNames) {
		if (database_url !== undefined) {
			urls.push([name, database_url]);
			continue;
		}
		const database = shared ?? (await privateDatabase({ durable: true }));
		if (database !== shared) cleanups.push(database.release);
		if (databases === "shared") shared = database;
		urls.push([name, database.url]);
	}
	return Object.fromEntries(urls) as Record<ModuleName, string>;
}

async function makeProcesses(
	{
		processes = [moduleNames],
		environment,
		environment_of = async () => ({}),
		duplicate_window_s = 30,
		sandbox,
		payment,
		intake = {},
		nats = {},
	}: ClusterOptions,
	it: Pick<Cluster, "data_folder" | "audit_folder"> & {
		readonly nats_url: string;
		readonly database_urls: Record<ModuleName, string>;
	},
): Promise<MillraceProcess[]> {
	const config_file = join(it.data_folder, "config.toml");
	const sections = [
		SHORT_TIMINGS + linesOf({ duplicate_window_s, ...nats }),
		`[payment]\n${linesOf({ ...SHORT_PAYMENT_TIMINGS, ...payment })}`,
		`[intake]\n${linesOf(intake)}`,
	];
	writeFileSync(config_file, sections.join(""));
	const urls = moduleNames.map((name) => [
		`DATABASE_URL_${name.toUpperCase()}`,
		it.database_urls[name],
	]);
	const servers = { nats_url: it.nats_url, database_url: it.database_urls.order };
	const making = processes.map(async (roles, index) => {
		const own = await environment_of(index, servers);
		const folder = join(it.data_folder, `process-${index}`);
		mkdirSync(folder);
		return millraceProcess({
			roles,
			data_folder: it.data_folder,
			log_file: join(folder, "log"),
			config_file,
			environment: {
				...Object.fromEntries(urls),
				NATS_URL: it.nats_url,
				AUDIT_STORE: it.audit_folder,
				LOG_LEVEL: "info",
				...(sandbox
					? { STRIPE_API_KEY: SANDBOX_KEY, STRIPE_API_URL: sandbox.url }
					: { PAYMENT_GATEWAY: "in-process" }),
				...environment,
				...own,
			},
		});
	});
	return Promise.all(making);
}

function linesOf(settings: Readonly<Record<string, number>>): string {
	return Object.entries(settings)
		.map(([key, value]) => `${key} = ${value}\n`)
		.join("");
}
