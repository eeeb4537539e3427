import { join } from "node:path";
import { migrations } from "../migrations/bundle.ts";
import { type Config, ConfigError, type DatabaseUrls, type StripeAccess } from "./config.ts";
import { type ModuleName, moduleNames } from "./contracts/streams.ts";
import { armCrashPoint, leaveOut } from "./crash-point.ts";
import { type Database, type DatabaseOptions, openDatabase } from "./database/connection.ts";
import { DatabaseUnavailableError } from "./database/errors.ts";
import { tryLock } from "./database/lock.ts";
import { migrate } from "./database/migrate.ts";
import { type OpenGateway, openGateway } from "./gateway/open-gateway.ts";
import { documentOf } from "./http/openapi.ts";
import { createOps } from "./http/ops.ts";
import { HttpProblem } from "./http/problem.ts";
import type { Route } from "./http/route.ts";
import { createServer } from "./http/server.ts";
import { type Part, sequence } from "./lifecycle.ts";
import { type Broker, openBroker, type Session } from "./messaging/connection.ts";
import { type ConsumerDefinition, createConsumer } from "./messaging/consumer.ts";
import { createRelay, type Relay } from "./messaging/relay.ts";
import { createStreamGuard, type StreamGuard } from "./messaging/stream-guard.ts";
import { createStreamMemory, type StreamMemory } from "./messaging/stream-memory.ts";
import { provisionStreams } from "./messaging/streams.ts";
import { auditModule } from "./modules/audit/module.ts";
import { inventoryModule } from "./modules/inventory/module.ts";
import { orderModule } from "./modules/order/module.ts";
import { paymentModule } from "./modules/payment/module.ts";
import { openStore } from "./object-store/open-store.ts";
import { createOperations } from "./operations/http.ts";
import type { Log } from "./telemetry/log.ts";
import { createMetrics, type Metrics } from "./telemetry/metrics.ts";
import { createTracing, type Tracing } from "./telemetry/trace.ts";
import { verifyLimits } from "./verify/limits.ts";
import { openVerifier } from "./verify/open-verifier.ts";
import { createScheduledVerify } from "./verify/scheduled-verify.ts";

/** Between the time-out of a statement and its end. */
const STATEMENT_MARGIN_MS = 1_000;

/** What a module offers to the process that hosts it. */
interface Module {
	readonly name: ModuleName;
	readonly consumers: readonly ConsumerDefinition[];
	readonly routes: readonly Route[];
	/** On the port for operators. */
	readonly ops_routes?: readonly Route[];
	readonly background: readonly Part[];
	/** Of a module that reads streams in a way of its own. */
	readonly guard?: StreamGuard;
}

/** What every module is made of. */
interface Foundation {
	readonly config: Config;
	readonly database: Database;
	readonly database_options: DatabaseOptions;
	/** The gateway of this process. */
	payments(): OpenGateway;
	readonly broker: Broker;
	readonly relay: Relay;
	readonly memory: StreamMemory;
	prepare(session: Session): Promise<void>;
	readonly metrics: Metrics;
	readonly tracing: Tracing;
	readonly log: Log;
}

/** The list of modules. A fifth one is a folder and a line here. */
const modules: Readonly<Record<ModuleName, (it: Foundation) => Module>> = {
	order: (it) =>
		orderModule({
			...it,
			intake: { ...it.config.intake, ...it.config.contracts },
			deadline: it.config.order,
			http: { ...it.config.http, heartbeat_ms: (it.config.http.idle_timeout_s * 1_000) / 2 },
			legacy_currency: it.config.contracts.legacy_currency,
		}),
	inventory: (it) => inventoryModule({ ...it, http: it.config.http }),
	payment: (it) =>
		paymentModule({
			...it,
			...it.payments(),
			settings: it.config.payment,
			http: it.config.http,
		}),
	audit: (it) =>
		auditModule({
			...it,
			address: it.config.audit.store,
			witness_address: it.config.audit.witness,
			bucket_access: it.config.bucket_access,
			key_source: auditKeySource(it.config),
			sequencer: it.config.audit,
			tryLock: () => tryLock(it.database_options, "millrace audit sequencer"),
		}),
};

export interface AppOptions {
	readonly config: Config;
	readonly roles: readonly ModuleName[];
	readonly database_urls: DatabaseUrls;
	readonly nats_url: string;
	/** Undefined where no gateway is reached over the network. */
	readonly stripe: StripeAccess | undefined;
	readonly version: string;
	readonly log: Log;
}

/** What the hosted modules offer over HTTP and take from streams, for the pages about them. */
export interface Description {
	readonly openapi: object;
	readonly consumers: ReadonlyArray<
		Omit<ConsumerDefinition, "handle"> & { readonly module: ModuleName }
	>;
}

/** The running program: the chosen modules on their connections. */
export interface App extends Part {
	readonly broker: Broker;
	/** Undefined when none of the roles has routes. */
	readonly http_url: string | undefined;
	readonly ops_url: string;
	/** Says "not ready" from now on, so that a load balancer looks elsewhere while work is finished. */
	drain(): void;
	/** Needs no start. */
	describe(): Description;
}

/** Wires the chosen modules. Parts stop in reverse: first what takes work in, last what others need. */
export function createApp(options: AppOptions): App {
	const { config, roles, log } = options;
	armCrashPoint(config.crash_at);
	leaveOut(config.fault_without);
	const metrics = createMetrics();
	const tracing = createTracing(config.tracing);
	const databases = new Map<string, Database>();
	for (const role of roles) {
		const url = databaseUrl(options, role);
		if (!databases.has(url)) databases.set(url, openDatabase({ url, ...config.database }));
	}
	const prepare = async ({ jsm }: Session) => void (await provisionStreams(jsm, config.nats, log));
	const broker = openBroker({ url: options.nats_url, ...config.nats, prepare }, log);
	let opened: OpenGateway | undefined;
	const payments = () => {
		opened ??= openPayments(options, metrics);
		return opened;
	};
	const hosted = roles.map((role) => host(role));
	const routes = hosted.flatMap(({ module }) => module.routes);
	const definitions = hosted.flatMap(({ module }) => module.consumers);
	const operations = createOperations({
		broker,
		consumers: definitions,
		routes: hosted.flatMap(({ module }) => module.ops_routes ?? []),
	});
	const http = createServer(
		{ ...config.http, body_bytes_max: config.http.batch_body_bytes_max, routes, toProblem },
		{ log, metrics },
	);
	const ops = createOps({
		...config.ops,
		metrics,
		checks: [...databases.values()].map((database) => ({
			name: "database",
			check: async () => void (await database.run(database.sql`select 1`)),
		})),
		info: { version: options.version, roles },
		routes: operations.routes,
		toProblem,
	});

	function host(role: ModuleName) {
		const database_options = { url: databaseUrl(options, role), ...config.database };
		const database = databases.get(database_options.url) as Database;
		const schema = `millrace_${role}`;
		const memory = createStreamMemory(
			database,
			schema,
			config.database.statement_timeout_ms + STATEMENT_MARGIN_MS,
		);
		const needs = { module: role, schema, database, broker, memory, metrics, tracing, log };
		const relay = createRelay({ module: role, schema, ...config.relay }, needs);
		const module = modules[role]({ ...needs, prepare, config, database_options, payments, relay });
		const settings = config.consumer;
		const consumers = module.consumers.map((definition) =>
			createConsumer(definition, { ...needs, settings }),
		);
		const migration: Part = {
			name: `tables of ${role}`,
			start: () => migrate(database_options, schema, migrations[role]),
			stop: async () => {},
		};
		const guard =
			module.guard ??
			createStreamGuard(module, {
				...needs,
				prepare,
				tryLock: () => tryLock(database_options, `millrace streams of ${role}`),
			});
		return { module, relay, guard, consumers, migration };
	}

	const parts = sequence("millrace", [
		ops,
		tracing.part,
		...databases.values(),
		...hosted.map(({ migration }) => migration),
		broker,
		operations.part,
		...hosted.flatMap(({ module, relay }) => (module.name === "audit" ? [] : [relay])),
		...hosted.map(({ guard }) => guard),
		...hosted.flatMap(({ module }) => module.background),
		...hosted.flatMap(({ consumers }) => consumers),
		...scheduleVerify(options, metrics, payments),
		...(routes.length > 0 ? [http] : []),
	]);
	return {
		...parts,
		broker,
		get http_url() {
			return routes.length > 0 ? http.url : undefined;
		},
		get ops_url() {
			return ops.url;
		},
		drain: ops.drain,
		describe: () => ({
			openapi: documentOf(routes, operations.routes),
			consumers: hosted.flatMap(({ module }) =>
				module.consumers.map(({ durable, stream, subjects }) => ({
					module: module.name,
					durable,
					stream,
					subjects,
				})),
			),
		}),
	};
}

function databaseUrl({ database_urls }: AppOptions, role: ModuleName): string {
	const url = database_urls[role];
	if (url !== undefined) return url;
	throw new ConfigError(`Set DATABASE_URL_${role.toUpperCase()}, or DATABASE_URL for all modules.`);
}

function auditKeySource({ audit, audit_private_key, data_folder }: Config) {
	const made_in = audit.store.startsWith("s3:") ? undefined : join(data_folder, "audit.key");
	return { text: audit_private_key, file: audit.key_file, made_in };
}

function openPayments({ config, stripe, log }: AppOptions, metrics: Metrics): OpenGateway {
	const { payment, data_folder } = config;
	const opened = openGateway({ ...payment, stripe, data_folder }, { metrics, log });
	if (opened) return opened;
	throw new ConfigError("Set STRIPE_API_KEY, or PAYMENT_GATEWAY=in-process to move no money.");
}

/** The replicas that charge take turns: they can ask the gateway. */
function scheduleVerify(
	options: AppOptions,
	metrics: Metrics,
	payments: () => OpenGateway,
): Part[] {
	const { config, log, roles } = options;
	const { interval_s } = config.verify;
	if (interval_s === 0 || !roles.includes("payment")) return [];
	const urls = moduleNames.map((name) => [name, databaseUrl(options, name)] as const);
	const verifier = openVerifier({
		database_urls: Object.fromEntries(urls) as Record<ModuleName, string>,
		connect_timeout_s: config.database.connect_timeout_s,
		gateway: payments().gateway,
		log_files: openStore(config.audit.store, config.bucket_access),
	});
	const lock_options = { url: databaseUrl(options, "payment"), ...config.database };
	const lock = () => tryLock(lock_options, "millrace verify");
	return [
		createScheduledVerify(
			{ interval_s, ...verifyLimits(config, {}) },
			{ verifier, metrics, log, tryLock: lock },
		),
	];
}

function toProblem(error: unknown): HttpProblem | undefined {
	if (!(error instanceof DatabaseUnavailableError)) return undefined;
	return new HttpProblem(503, "The order could not be stored now", {
		detail:
			"Postgres gives no answer. Send the request again, with the same Idempotency-Key if it had one.",
		retry_after_s: 1,
		cause: error,
	});
}
