import { type ModuleName, publishedTo } from "../contracts/streams.ts";
import { crashPoint } from "../crash-point.ts";
import type { Database } from "../database/connection.ts";
import { every, type Part } from "../lifecycle.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Span, Tracing } from "../telemetry/trace.ts";
import { createBatcher } from "./batcher.ts";
import type { Broker, Session } from "./connection.ts";
import { claimExpired, depth, type Epoch, extendLeases, free, type Written } from "./outbox.ts";
import { type Publication, publishAll } from "./publish.ts";
import type { StreamMemory } from "./stream-memory.ts";

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
	readonly memory: StreamMemory;
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
	/** When this process got it, on the clock of `performance.now()`. */
	readonly taken_ms: number;
}

const RETRY_MS = 250;
const SWEEP_ROWS_MAX = 20;

/**
 * One atomic batch at a time: what comes in meanwhile makes the next one larger. Many at once are
 * refused by the server and cost it more.
 */
export function createRelay(options: RelayOptions, needs: RelayNeeds): Relay {
	const { database, broker, memory, metrics, tracing, log } = needs;
	const { module, schema, lease_ms } = options;
	const stream = publishedTo[module] ?? "ORDERS";
	/** Rows whose events wait to be published, or are being published. */
	const held = new Set<number>();
	const halted = Promise.withResolvers<undefined>();
	let stopping = false;
	let given_up = false;

	const batcher = createBatcher<Waiting>({
		batch_max: options.batch_events_max,
		weigh: ({ events }) => events.length,
		interval_ms: options.interval_ms,
		batches_running_max: 1,
		run: publishPatiently,
	});
	const waiting_events = () => batcher.waiting + batcher.running;

	function hold(written: Written, republished: boolean) {
		held.add(written.outbox_id);
		batcher.push({ ...written, republished, taken_ms: performance.now() });
	}

	/** What cannot be published when the process stops is left in the outbox. */
	async function publishPatiently(batch: readonly Waiting[]) {
		const session = await Promise.race([broker.ready, halted.promise]);
		let waiting = batch;
		while (session !== undefined && !given_up) {
			try {
				return await publish(session, waiting);
			} catch (error) {
				log.warn({ err: error, module, events: waiting_events() }, "events wait for NATS");
				given_up = stopping;
				waiting = batch.map((written) => ({ ...written, republished: true }));
				if (!stopping) await Bun.sleep(RETRY_MS);
			}
		}
	}

	async function publish({ js }: Session, batch: readonly Waiting[]) {
		const spans: Span[] = [];
		const epoch = { stream, losses: memory.losses(stream) };
		await publishAll(js, publications(batch, spans));
		crashPoint("published", module);
		for (const span of spans) span.end();
		for (const { events } of batch) {
			for (const event of events) metrics.published.inc({ subject: event.subject }, 1);
		}
		await forget(batch, epoch);
	}

	function publications(batch: readonly Waiting[], spans: Span[]): Publication[] {
		// A process that stood still for so long may have been swept meanwhile.
		const fresh_ms = performance.now() - lease_ms / 2;
		return batch.flatMap(({ events, taken_ms, ...it }) => {
			const republished = it.republished || taken_ms < fresh_ms;
			return events.map((event) => {
				if (event.traceparent === undefined) return { event, republished, traceparent: undefined };
				const span = tracing.start(`publish ${event.subject}`, "producer", event.traceparent);
				if (span) spans.push(span);
				return { event, republished, traceparent: span?.traceparent ?? event.traceparent };
			});
		});
	}

	/** A row that cannot be freed now is published once more by a sweep, under the same ids. */
	async function forget(batch: readonly Waiting[], epoch: Epoch) {
		const ids = batch.map(({ outbox_id }) => outbox_id);
		for (const id of ids) held.delete(id);
		await free(database, schema, ids, epoch).catch((error) =>
			log.warn({ err: error, module }, "published events could not be freed yet"),
		);
	}

	async function sweep() {
		if (held.size > 0) await extendLeases(database, schema, lease_ms, [...held]);
		metrics.outbox_events_waiting.set({ module }, waiting_events());
		metrics.outbox_depth.set({ module }, await depth(database, schema));
		if (waiting_events() > options.waiting_events_max / 2 || !broker.connected()) return;
		for (const written of await claimExpired(database, schema, lease_ms, SWEEP_ROWS_MAX)) {
			log.info({ module, outbox_id: written.outbox_id, events: written.events.length }, "swept");
			hold(written, true);
		}
	}

	const sweeping = every(`sweep of ${module}`, options.sweep_interval_ms, sweep, (error) =>
		log.warn({ err: error, module }, "the sweep of the outbox failed"),
	);
	return {
		name: `relay of ${module}`,
		lease_ms,
		accept(written) {
			if (written === undefined) return;
			crashPoint("committed", module);
			if (waiting_events() + written.events.length > options.waiting_events_max) return;
			hold(written, false);
		},
		start: sweeping.start,
		async stop() {
			stopping = true;
			halted.resolve(undefined);
			await sweeping.stop();
			if (broker.connected()) await batcher.drain();
		},
	};
}
