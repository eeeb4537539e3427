import type { ModuleName } from "../contracts/streams.ts";
import { crashPoint } from "../crash-point.ts";
import type { Database } from "../database/connection.ts";
import type { Part } from "../lifecycle.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Span, Tracing } from "../telemetry/trace.ts";
import type { Broker } from "./connection.ts";
import { claimExpired, depth, extendLeases, free, type Written } from "./outbox.ts";
import { type Publication, publishAll } from "./publish.ts";

export interface RelayOptions {
	readonly module: ModuleName;
	/** The Postgres schema whose outbox it empties. */
	readonly schema: string;
	readonly batch_events_max: number;
	/** A batch that is not full begins at least so long after the one before it. */
	readonly interval_ms: number;
	readonly waiting_events_max: number;
	readonly lease_ms: number;
	readonly sweep_interval_ms: number;
}

export interface RelayNeeds {
	readonly database: Database;
	readonly broker: Broker;
	readonly metrics: Metrics;
	readonly tracing: Tracing;
	readonly log: Log;
}

/** Publishes what statements left in the outbox of one module. */
export interface Relay extends Part {
	readonly lease_ms: number;
	/** Hands over what a statement has just written. Never waits: what it has no room for, the sweep finds later. */
	accept(written: Written | undefined): void;
}

interface Waiting extends Written {
	/** The events may be on the stream already. */
	republished: boolean;
}

const RETRY_MS = 250;
const SWEEP_ROWS_MAX = 20;

/**
 * One atomic batch at a time: what comes in meanwhile makes the next one larger. Many at once are
 * refused by the server and cost it more.
 */
export function createRelay(options: RelayOptions, needs: RelayNeeds): Relay {
	const { database, broker, metrics, tracing, log } = needs;
	const { module, schema, lease_ms } = options;
	let waiting: Waiting[] = [];
	let waiting_events = 0;
	let publishing: Promise<void> | undefined;
	let sweeping: Promise<void> = Promise.resolve();
	let timer: Timer | undefined;
	const halted = Promise.withResolvers<undefined>();
	let stopping = false;
	let begun_ms = Number.NEGATIVE_INFINITY;

	function enqueue(written: Written, republished: boolean) {
		waiting.push({ ...written, republished });
		waiting_events += written.events.length;
		keepPublishing();
	}

	function keepPublishing() {
		publishing ??= publishWaiting().finally(() => {
			publishing = undefined;
			// What came in between the last look and now found somebody publishing.
			if (waiting.length > 0 && !stopping) keepPublishing();
		});
	}

	async function publishWaiting() {
		const session = await Promise.race([broker.ready, halted.promise]);
		if (session === undefined) return;
		const { js } = session;
		while (waiting.length > 0) {
			await pause();
			begun_ms = performance.now();
			const batch = takeBatch();
			try {
				await publish(batch);
			} catch (error) {
				putBack(batch);
				log.warn({ err: error, module, events: waiting_events }, "events wait for NATS");
				if (stopping) return;
				await Bun.sleep(RETRY_MS);
			}
		}

		async function publish(batch: readonly Waiting[]) {
			const spans: Span[] = [];
			await publishAll(js, publications(batch, spans));
			crashPoint("published", module);
			for (const span of spans) span.end();
			for (const { events } of batch) {
				for (const event of events) metrics.published.inc({ subject: event.subject }, 1);
			}
			await forget(batch);
		}
	}

	/** The server makes a store for each atomic batch, whatever its size. */
	async function pause() {
		const rest_ms = begun_ms + options.interval_ms - performance.now();
		if (rest_ms > 0 && waiting_events < options.batch_events_max && !stopping)
			await Bun.sleep(rest_ms);
	}

	function takeBatch(): Waiting[] {
		let events = 0;
		let rows = 0;
		for (const { events: more } of waiting) {
			if (rows > 0 && events + more.length > options.batch_events_max) break;
			events += more.length;
			rows += 1;
		}
		waiting_events -= events;
		return waiting.splice(0, rows);
	}

	function putBack(batch: readonly Waiting[]) {
		waiting = [...batch.map((written) => ({ ...written, republished: true })), ...waiting];
		for (const { events } of batch) waiting_events += events.length;
	}

	function publications(batch: readonly Waiting[], spans: Span[]): Publication[] {
		return batch.flatMap(({ events, republished }) =>
			events.map((event) => {
				if (event.traceparent === undefined) return { event, republished, traceparent: undefined };
				const span = tracing.start(`publish ${event.subject}`, "producer", event.traceparent);
				if (span) spans.push(span);
				return { event, republished, traceparent: span?.traceparent ?? event.traceparent };
			}),
		);
	}

	/** A row that cannot be freed now is published once more by a sweep, under the same ids. */
	async function forget(batch: readonly Waiting[]) {
		const ids = batch.map(({ outbox_id }) => outbox_id);
		await free(database, schema, ids).catch((error) =>
			log.warn({ err: error, module }, "published events could not be freed yet"),
		);
	}

	async function sweep() {
		const held = waiting.map(({ outbox_id }) => outbox_id);
		if (held.length > 0) await extendLeases(database, schema, lease_ms, held);
		metrics.outbox_events_waiting.set({ module }, waiting_events);
		metrics.outbox_depth.set({ module }, await depth(database, schema));
		if (waiting_events > options.waiting_events_max / 2 || !broker.connected()) return;
		for (const written of await claimExpired(database, schema, lease_ms, SWEEP_ROWS_MAX)) {
			log.info({ module, outbox_id: written.outbox_id, events: written.events.length }, "swept");
			enqueue(written, true);
		}
	}

	return {
		name: `relay of ${module}`,
		lease_ms,
		accept(written) {
			if (written === undefined) return;
			crashPoint("committed", module);
			if (waiting_events + written.events.length > options.waiting_events_max) return;
			enqueue(written, false);
		},
		async start() {
			timer = setInterval(() => {
				sweeping = sweeping
					.then(sweep)
					.catch((error) => log.warn({ err: error, module }, "the sweep of the outbox failed"));
			}, options.sweep_interval_ms);
		},
		async stop() {
			stopping = true;
			halted.resolve(undefined);
			clearInterval(timer);
			await sweeping;
			if (broker.connected()) await publishing;
		},
	};
}
