import { migrations } from "../../migrations/bundle.ts";
import type { ModuleName } from "../../src/contracts/streams.ts";
import { openDatabase } from "../../src/database/connection.ts";
import { migrate } from "../../src/database/migrate.ts";
import { openBroker, type Session } from "../../src/messaging/connection.ts";
import { createRelay, type RelayOptions } from "../../src/messaging/relay.ts";
import { createStreamMemory } from "../../src/messaging/stream-memory.ts";
import { provisionStreams } from "../../src/messaging/streams.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { createTracing } from "../../src/telemetry/trace.ts";
import type { PrivateServers } from "./servers.ts";

export const streamOptions = {
	replicas: 1,
	stream_bytes_max: 1_000_000_000,
	message_bytes_max: 524_288,
	duplicate_window_s: 30,
};

/** Of a consumer that tries again soon. */
export const consumerSettings = {
	batch_events_max: 500,
	interval_ms: 4,
	ack_wait_ms: 2_000,
	in_flight_max: 4_000,
	heartbeat_ms: 500,
	expires_ms: 1_000,
	attempts_max: 5,
	retry_first_ms: 50,
	retry_last_ms: 400,
	pause_ms: 300,
	stall_ms: 2_000,
};

/** Of a worker whose calls are given up soon and whose claims last. */
export const paymentSettings = {
	lease_ms: 60_000,
	call_timeout_ms: 100,
	key_lifetime_ms: 60_000,
	straggler_ms: 2_000,
	pause_ms: 100,
	retry_first_ms: 20,
	retry_last_ms: 100,
	resolve_interval_ms: 20,
	resolve_batch_max: 100,
};

/** Tables, streams and connections of one module, for a test of a part of it without the app. */
export async function layFoundation(servers: PrivateServers, module: ModuleName) {
	const lines: Record<string, unknown>[] = [];
	const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
	const log = createLog({ level: "debug", pretty: false, destination });
	const options = {
		url: servers.database_url,
		connections_max: 4,
		connect_timeout_s: 1,
		statement_timeout_ms: 2_000,
	};
	const schema = `millrace_${module}`;
	await migrate(options, schema, migrations[module]);
	const database = openDatabase(options);
	servers.atEnd(() => database.stop());
	const prepare = async ({ jsm }: Session) =>
		void (await provisionStreams(jsm, streamOptions, log));
	const timings = { ping_interval_ms: 500, request_timeout_ms: 1_000 };
	const broker = openBroker({ url: servers.nats.url, ...timings, prepare }, log);
	await broker.start();
	servers.atEnd(() => broker.stop());
	const tracing = createTracing({
		service_name: "test",
		endpoint: undefined,
		sampler: { name: "parentbased_always_on", arg: 1 },
		disabled: true,
	});
	const metrics = createMetrics();
	const memory = createStreamMemory(database, schema, options.statement_timeout_ms);
	const needs = { module, schema, database, broker, prepare, memory, metrics, tracing, log };

	/** A relay that is started, and stopped with the servers at the latest. */
	async function relay(change: Partial<RelayOptions> = {}) {
		const relay = createRelay(
			{
				module,
				schema,
				batch_events_max: 1_000,
				interval_ms: 0,
				waiting_events_max: 50_000,
				lease_ms: 1_000,
				sweep_interval_ms: 50,
				...change,
			},
			needs,
		);
		await relay.start();
		servers.atEnd(() => relay.stop());
		return relay;
	}
	return { ...needs, database_options: options, lines, relay };
}
