import { join } from "node:path";
import { z } from "zod";
import defaults from "../config/default.toml";
import production from "../config/production.toml";
import { currency } from "./contracts/money.ts";
import { type ModuleName, moduleNames } from "./contracts/streams.ts";
import { readTracingVariables } from "./telemetry/trace-variables.ts";

/** A setting is missing, unknown or out of range. The message names each one with its value. */
export class ConfigError extends Error {
	override readonly name = "ConfigError";
}

const whole = z.int();
const positive = whole.min(1);
const port = whole.min(0).max(65_535);
const milliseconds = whole.min(1).max(86_400_000);

/** Every setting of a file, with the values it may have. */
export const fileSchema = z.strictObject({
	http: z.strictObject({
		host: z.string(),
		port,
		body_bytes_max: whole.min(1_024),
		batch_body_bytes_max: whole.min(1_024),
		lines_max: positive.max(400),
		quantity_max: positive,
		unit_price_max: positive,
		idle_timeout_s: positive.max(255),
		page_size_max: positive.max(1_000),
		status_poll_ms: whole.min(20),
	}),
	ops: z.strictObject({ host: z.string(), port }),
	shutdown: z.strictObject({ grace_ms: milliseconds }),
	database: z.strictObject({
		connections_max: positive.max(100),
		connect_timeout_s: positive,
		statement_timeout_ms: milliseconds,
	}),
	nats: z.strictObject({
		replicas: z.union([z.literal(1), z.literal(3), z.literal(5)]),
		stream_bytes_max: positive,
		message_bytes_max: whole.min(16_384).max(60_000),
		duplicate_window_s: positive,
		ping_interval_ms: milliseconds,
		request_timeout_ms: milliseconds,
	}),
	intake: z.strictObject({
		batch_orders_max: positive.max(1_000),
		interval_ms: whole.min(0).max(100),
		statements_in_flight_max: positive.max(16),
		waiting_orders_max: positive,
	}),
	relay: z.strictObject({
		batch_events_max: positive.max(1_000),
		interval_ms: whole.min(0).max(1_000),
		waiting_events_max: positive,
		lease_ms: milliseconds,
		sweep_interval_ms: milliseconds,
	}),
	consumer: z.strictObject({
		batch_events_max: positive.max(1_000),
		interval_ms: whole.min(0).max(1_000),
		ack_wait_ms: milliseconds,
		in_flight_max: positive,
		heartbeat_ms: whole.min(500),
		expires_ms: whole.min(1_000),
		attempts_max: positive.max(100),
		retry_first_ms: milliseconds,
		retry_last_ms: milliseconds,
		pause_ms: milliseconds,
		stall_ms: milliseconds,
	}),
	order: z.strictObject({
		deadline_ms: milliseconds,
		deadline_interval_ms: milliseconds,
		deadline_batch_max: positive.max(1_000),
		stuck_ms: milliseconds,
	}),
	payment: z
		.strictObject({
			gateway: z.enum(["stripe", "in-process"]),
			default_token: z.string().max(64),
			call_timeout_ms: milliseconds,
			calls_in_flight_max: positive.max(200),
			lease_ms: milliseconds,
			straggler_ms: milliseconds,
			key_lifetime_ms: positive,
			retry_first_ms: milliseconds,
			retry_last_ms: milliseconds,
			resolve_interval_ms: milliseconds,
			resolve_batch_max: positive.max(1_000),
			breaker_failures: positive,
			pause_ms: milliseconds,
		})
		.refine(({ lease_ms, call_timeout_ms }) => lease_ms > call_timeout_ms, {
			path: ["lease_ms"],
			message: "must be longer than call_timeout_ms, or two replicas call at once",
		}),
	verify: z.strictObject({ interval_s: whole.min(0), unknown_minutes_max: positive }),
	audit: z.strictObject({
		store: z.string().min(1).optional(),
		key_file: z.string().min(1).optional(),
		witness: z.string().min(1).optional(),
		flush_ms: milliseconds,
		buffer_events_max: whole.min(256),
	}),
	contracts: z.strictObject({ publish_legacy: z.boolean(), legacy_currency: currency }),
	log: z.strictObject({
		level: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]),
	}),
});
type FileConfig = z.infer<typeof fileSchema>;
/** The environment, as `process.env` has it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A module that this process does not host needs none. */
export type DatabaseUrls = Readonly<Partial<Record<ModuleName, string>>>;

/** Everything that can be set, checked. Sections carry the names they have in `config/default.toml`. */
export interface Config extends Omit<FileConfig, "audit"> {
	readonly audit: FileConfig["audit"] & { readonly store: string };
	/** Where modules keep their tables; undefined starts the embedded Postgres. */
	readonly database_urls: DatabaseUrls | undefined;
	/** undefined starts the embedded nats-server. */
	readonly nats_url: string | undefined;
	/** How the gateway is reached; undefined starts the sandbox gateway. */
	readonly stripe: StripeAccess | undefined;
	/** The private keys of the audit log; undefined reads them from a file. */
	readonly audit_private_key: string | undefined;
	/** How buckets let us in. */
	readonly bucket_access: BucketAccess | undefined;
	readonly data_folder: string;
	readonly embedded: { binary: string | undefined; path: string; cache_folder: string };
	readonly tracing: ReturnType<typeof readTracingVariables>;
	/** Where this process is to die, as `crash-point.ts` reads it; for the fault tests. */
	readonly crash_at: string | undefined;
	/** What this process is to do without, as `crash-point.ts` reads it; for the fault tests. */
	readonly fault_without: string | undefined;
}

/** How a gateway that speaks Stripe's API is reached. */
export interface StripeAccess {
	readonly api_key: string;
	readonly api_url: string;
	/** undefined refuses webhooks. */
	readonly webhook_secret: string | undefined;
}

/** How a bucket lets us in. */
interface BucketAccess {
	readonly access_key_id: string;
	readonly secret_access_key: string;
	readonly session_token: string | undefined;
	/** Where the bucket's address names none. */
	readonly region: string | undefined;
}

/** What the command line sets, above everything else. */
export interface Overrides {
	/** A TOML file, or `production` for the one inside the executable. */
	readonly config?: string | undefined;
	readonly data_folder?: string | undefined;
	readonly port?: string | undefined;
	readonly ops_port?: string | undefined;
	/** The level of the log where neither a file nor the environment names one. */
	readonly log_level?: string | undefined;
}

/** Environment variables that set one setting of a file. */
export const variables: ReadonlyArray<
	readonly [name: string, section: keyof FileConfig, key: string]
> = [
	["HOST", "http", "host"],
	["PORT", "http", "port"],
	["OPS_HOST", "ops", "host"],
	["OPS_PORT", "ops", "port"],
	["LOG_LEVEL", "log", "level"],
	["NATS_REPLICAS", "nats", "replicas"],
	["AUDIT_STORE", "audit", "store"],
	["AUDIT_KEY_FILE", "audit", "key_file"],
	["AUDIT_WITNESS", "audit", "witness"],
	["ORDER_DEADLINE_MS", "order", "deadline_ms"],
	["PAYMENT_GATEWAY", "payment", "gateway"],
	["PUBLISH_LEGACY", "contracts", "publish_legacy"],
];

type Sections = Record<string, Record<string, unknown>>;

function overlay(base: Sections, above: Sections): Sections {
	const merged = structuredClone(base);
	for (const [section, values] of Object.entries(above)) {
		merged[section] = { ...merged[section], ...values };
	}
	return merged;
}

function fromEnvironment(environment: Environment): Sections {
	const sections: Sections = {};
	for (const [name, section, key] of variables) {
		const text = environment[name];
		if (text === undefined || text === "") continue;
		sections[section] = { ...sections[section], [key]: parsed(text) };
	}
	return sections;
}

function parsed(text: string): unknown {
	if (/^-?\d+$/.test(text)) return Number(text);
	if (text === "true" || text === "false") return text === "true";
	return text;
}

async function readFile(file: string): Promise<Sections> {
	if (file === "production") return production as Sections;
	try {
		return Bun.TOML.parse(await Bun.file(file).text()) as Sections;
	} catch (cause) {
		throw new ConfigError(`Config file ${file} cannot be read: ${(cause as Error).message}`, {
			cause,
		});
	}
}

function databaseUrls(environment: Environment): Config["database_urls"] {
	const urls = moduleNames.flatMap((name) => {
		const url = environment[`DATABASE_URL_${name.toUpperCase()}`] || environment.DATABASE_URL;
		return url ? [[name, url] as const] : [];
	});
	return urls.length > 0 ? Object.fromEntries(urls) : undefined;
}

const STRIPE_API_URL = "https://api.stripe.com";

function stripeAccess(environment: Environment): Config["stripe"] {
	if (!environment.STRIPE_API_KEY) return undefined;
	return {
		api_key: environment.STRIPE_API_KEY,
		api_url: environment.STRIPE_API_URL || STRIPE_API_URL,
		webhook_secret: environment.STRIPE_WEBHOOK_SECRET || undefined,
	};
}

function bucketAccess(environment: Environment): Config["bucket_access"] {
	const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = environment;
	if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) return undefined;
	return {
		access_key_id: AWS_ACCESS_KEY_ID,
		secret_access_key: AWS_SECRET_ACCESS_KEY,
		session_token: environment.AWS_SESSION_TOKEN || undefined,
		region: environment.AWS_REGION || environment.AWS_DEFAULT_REGION || undefined,
	};
}

/** A setting, and the variable that may have set it. */
function namesOf([section, key]: readonly PropertyKey[]): string {
	const variable = variables.find(([, of, name]) => of === section && name === key)?.[0];
	const setting = [section, key].filter((part) => part !== undefined).join(".");
	return variable === undefined ? setting : `${setting} (${variable})`;
}

function check(sections: Sections): FileConfig {
	const result = fileSchema.safeParse(sections);
	if (result.success) return result.data;
	const lines = result.error.issues.map((issue) => `  ${namesOf(issue.path)}: ${issue.message}`);
	throw new ConfigError(`The configuration is not valid:\n${lines.join("\n")}`);
}

/**
 * Reads the whole configuration once: built-in defaults, then a file, then the environment, then the
 * command line.
 * @throws ConfigError naming every bad setting; TracingVariableError for the OTEL_* variables.
 */
export async function readConfig(
	overrides: Overrides = {},
	environment: Environment = process.env,
): Promise<Config> {
	const { config = environment.MILLRACE_CONFIG, data_folder = environment.MILLRACE_DATA } =
		overrides;
	const fromFile = config ? await readFile(config) : {};
	const fromVariables = fromEnvironment({
		...environment,
		PORT: overrides.port ?? environment.PORT,
		OPS_PORT: overrides.ops_port ?? environment.OPS_PORT,
	});
	const fromCaller = overrides.log_level ? { log: { level: overrides.log_level } } : {};
	const base = overlay(defaults as Sections, fromCaller);
	const checked = check(overlay(overlay(base, fromFile), fromVariables));
	const folder = data_folder || ".millrace";
	return {
		...checked,
		audit: { ...checked.audit, store: checked.audit.store ?? `${folder}/audit` },
		database_urls: databaseUrls(environment),
		nats_url: environment.NATS_URL || undefined,
		stripe: stripeAccess(environment),
		audit_private_key: environment.MILLRACE_AUDIT_KEY || undefined,
		bucket_access: bucketAccess(environment),
		data_folder: folder,
		embedded: {
			binary: environment.NATS_SERVER_BIN || undefined,
			path: environment.PATH ?? "",
			cache_folder: join(
				environment.XDG_CACHE_HOME || join(environment.HOME ?? ".", ".cache"),
				"millrace",
			),
		},
		tracing: readTracingVariables(environment),
		crash_at: environment.CRASH_AT || undefined,
		fault_without: environment.FAULT_WITHOUT || undefined,
	};
}
