import {
	type JetStreamClient,
	type JetStreamManager,
	jetstream,
	jetstreamManager,
} from "@nats-io/jetstream";
import { connect, type NatsConnection } from "nats";
import { type Part, within } from "../lifecycle.ts";
import type { Log } from "../telemetry/log.ts";

export interface BrokerOptions {
	readonly url: string;
	readonly ping_interval_ms: number;
	readonly request_timeout_ms: number;
	/** Told each time the connection stands, the first time included; must be idempotent. */
	prepare(session: Session): Promise<void>;
}

/** What can be done while the connection stands. */
export interface Session {
	readonly nc: NatsConnection;
	readonly js: JetStreamClient;
	readonly jsm: JetStreamManager;
}

/** The connection to NATS. It comes back for ever; nothing that takes orders waits for it. */
export interface Broker extends Part {
	/** The session once the first connection stands and the streams are there. */
	readonly ready: Promise<Session>;
	/** Whether the connection stands now. */
	connected(): boolean;
	/** Resolves when everything sent so far has reached the server, or it has not answered for a second. */
	flush(): Promise<void>;
}

const RETRY_MS = 500;
/** How long a start waits for NATS before it goes on without. */
const PATIENCE_MS = 3_000;
/** What did not reach the server by then comes again: only settlements are sent without an answer. */
const FLUSH_MS_MAX = 1_000;
const LOG_EVERY = 20;

/** `start` does not wait for NATS: orders are taken without it. */
export function openBroker(options: BrokerOptions, log: Log): Broker {
	const ready = Promise.withResolvers<Session>();
	let session: Session | undefined;
	let opening: Promise<void> = Promise.resolve();
	let closing: Promise<void> | undefined;
	let stopped = false;
	let up = false;

	async function open() {
		const nc = await connect({
			...addressOf(options.url),
			name: "millrace",
			maxReconnectAttempts: -1,
			reconnectTimeWait: RETRY_MS,
			waitOnFirstConnect: true,
			pingInterval: options.ping_interval_ms,
			maxPingOut: 2,
			ignoreAuthErrorAbort: true,
			noAsyncTraces: true,
		});
		if (stopped) return nc.close();
		up = true;
		const timeout = options.request_timeout_ms;
		const jsm = await jetstreamManager(nc, { timeout, checkAPI: false });
		session = { nc, jsm, js: jetstream(nc, { timeout }) };
		void watch(session);
		await prepare(session);
		ready.resolve(session);
	}

	async function prepare(current: Session) {
		for (let attempt = 1; !stopped; attempt += 1) {
			try {
				return await options.prepare(current);
			} catch (error) {
				if (attempt % LOG_EVERY === 1)
					log.warn({ err: error }, "JetStream is not ready; trying again");
				await Bun.sleep(RETRY_MS);
			}
		}
	}

	async function watch(current: Session) {
		for await (const status of current.nc.status()) {
			if (status.type === "disconnect") {
				up = false;
				log.warn("NATS is away; orders are taken and wait in the outbox");
			} else if (status.type === "reconnect") {
				up = true;
				log.info("NATS is back");
				await prepare(current);
			}
		}
	}

	async function flush() {
		if (!up || session === undefined) return;
		await within(
			FLUSH_MS_MAX,
			session.nc.flush().catch(() => undefined),
		);
	}

	async function close() {
		stopped = true;
		await flush();
		await session?.nc.close();
		if (session) await opening;
	}

	return {
		name: "broker",
		ready: ready.promise,
		connected: () => up && session !== undefined,
		async start() {
			opening = open().catch((error) => log.error({ err: error }, "NATS cannot be used"));
			await within(PATIENCE_MS, ready.promise);
			if (!session) log.warn("NATS is not there yet; orders are taken and wait in the outbox");
		},
		flush,
		stop() {
			closing ??= close();
			return closing;
		},
	};
}

/**
 * `nats://user:password@host:4222`, `nats://token@host`, or several of them with commas in between, of
 * which the first says who we are. The client takes addresses and credentials apart.
 */
function addressOf(text: string) {
	const urls = text.split(",").map((part) => new URL(part.trim()));
	const servers = urls.map((url) => `${url.protocol}//${url.host}`);
	const user = decodeURIComponent(urls[0]?.username ?? "");
	const pass = decodeURIComponent(urls[0]?.password ?? "");
	if (user === "") return { servers };
	return pass === "" ? { servers, token: user } : { servers, user, pass };
}
