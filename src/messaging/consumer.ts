import type { JsMsg } from "@nats-io/jetstream";
import type { Subject } from "../contracts/events.ts";
import type { EventStream, ModuleName } from "../contracts/streams.ts";
import { crashPoint } from "../crash-point.ts";
import type { Database } from "../database/connection.ts";
import type { Part } from "../lifecycle.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Span, Tracing } from "../telemetry/trace.ts";
import { createBatcher } from "./batcher.ts";
import type { Broker, Session } from "./connection.ts";
import { createConsumerMonitor } from "./consumer-monitor.ts";
import { type Delivery, decode } from "./delivery.ts";
import { createPauseFollower } from "./follow-pause.ts";
import type { Foresee } from "./foresight.ts";
import { judge } from "./judge.ts";
import type { Handle, IncomingEvent } from "./outcome.ts";
import { createPause } from "./pause.ts";
import { createPull } from "./pull.ts";
import type { RetryDelays } from "./retry.ts";
import { giveBack, keep, settle } from "./settle.ts";
import { provisionConsumer } from "./streams.ts";
import { filtersOf } from "./subject-filter.ts";
import { examine, isSuspect } from "./suspects.ts";

/** What a module wants delivered, and what it does with it. `durable` is shared by all replicas. */
export interface ConsumerDefinition<S extends Subject = Subject> {
	readonly durable: string;
	readonly stream: EventStream;
	readonly subjects: readonly S[];
	/** Batches that one process handles at the same time, 1 by default. More keep no order among messages. */
	readonly batches_running_max?: number;
	/** A method, so that a list can hold the definitions of consumers of different subjects. */
	handle(...events: Parameters<Handle<S>>): ReturnType<Handle<S>>;
	/** What `handle` would do now, for an operator who thinks of sending a dead letter again. */
	foresee?(...events: Parameters<Foresee<S>>): ReturnType<Foresee<S>>;
}

export interface ConsumerSettings extends RetryDelays {
	readonly batch_events_max: number;
	readonly interval_ms: number;
	readonly ack_wait_ms: number;
	readonly in_flight_max: number;
	readonly heartbeat_ms: number;
	readonly expires_ms: number;
	readonly attempts_max: number;
	readonly pause_ms: number;
	readonly stall_ms: number;
}

export interface ConsumerNeeds {
	readonly module: ModuleName;
	readonly schema: string;
	readonly settings: ConsumerSettings;
	readonly database: Database;
	readonly broker: Broker;
	readonly metrics: Metrics;
	readonly tracing: Tracing;
	readonly log: Log;
}

/** Pulls the messages of one durable consumer and runs its handler over them, batch by batch. */
export function createConsumer<S extends Subject>(
	definition: ConsumerDefinition<S>,
	needs: ConsumerNeeds,
): Part {
	const { durable, stream, subjects, batches_running_max = 1 } = definition;
	const { settings, broker, metrics, tracing, log } = needs;
	const pause = createPause({ durable, stream, metrics, log });
	const context = { ...needs, ...settings, durable, stream, pause };
	const ahead_max = Math.min(
		settings.in_flight_max,
		settings.batch_events_max * (batches_running_max + 1),
	);
	let stopping = false;
	let received = 0;

	const batcher = createBatcher<JsMsg>({
		batch_max: settings.batch_events_max,
		interval_ms: settings.interval_ms,
		/** What a dependency that was away can do shows one batch, before there are more. */
		get batches_running_max() {
			return pause.probing ? 1 : batches_running_max;
		},
		run: handleBatch,
	});

	const pull = createPull({
		...context,
		onMessage(message) {
			received += 1;
			batcher.push(message);
		},
	});

	const follower = createPauseFollower({ ...context, pull, ahead_max });

	async function handleBatch(batch: JsMsg[]) {
		if (pause.rest_ms() > 0) return giveBack(context, batch);
		crashPoint("delivered", durable);
		const deliveries = batch.map((message) => decode(message, subjects, durable));
		const suspects = deliveries.filter((it) => isSuspect(it as unknown as Delivery<Subject>));
		try {
			if (suspects.length === 0) await handle(deliveries);
			else {
				const others = deliveries.filter((delivery) => !suspects.includes(delivery));
				if (others.length > 0) await handle(others);
				await examine({ ...context, ...care }, suspects);
			}
		} catch (error) {
			log.error({ err: error, consumer: durable }, "a batch was not settled and will come again");
		}
		follower.follow();
		metrics.lag.set({ consumer: durable }, secondsSince(batch[0]));
		metrics.consumed.inc({ consumer: durable }, batch.length);
		metrics.batch_size.observe({ consumer: durable }, batch.length);
	}

	async function handle(deliveries: readonly Delivery<S>[]) {
		const spans = startSpans(tracing, durable, deliveries);
		try {
			await decide(deliveries);
			crashPoint("handled", durable);
			if (deliveries.every(({ outcome }) => outcome.kind !== "unavailable")) pause.passed();
			await settleAll(deliveries);
		} finally {
			for (const span of spans) span.end();
		}
	}

	/** What a suspect needs. */
	const care = {
		handle,
		settle: settleAll,
		resting: () => pause.rest_ms() > 0,
		giveBack: (deliveries: readonly Delivery<S>[]) => giveBack(context, messagesOf(deliveries)),
		keep: (deliveries: readonly Delivery<S>[]) => keep(messagesOf(deliveries)),
		flush: () => broker.flush(),
	};

	async function settleAll(deliveries: readonly Delivery<S>[]) {
		const session = await broker.ready;
		await settle(context, session, deliveries as unknown as Delivery<Subject>[]);
	}

	async function decide(deliveries: readonly Delivery<S>[]) {
		const readable = deliveries.filter((delivery) => delivery.event !== undefined);
		if (readable.length === 0) return;
		const events = readable.map((delivery) => delivery.event as IncomingEvent<S>);
		const outcomes = await judge(events, definition.handle);
		for (const [index, delivery] of readable.entries()) {
			delivery.outcome = outcomes[index] ?? delivery.outcome;
		}
	}

	async function begin(session: Session) {
		if (stopping) return;
		const filters = filtersOf(subjects);
		await provisionConsumer(
			session.jsm,
			{ ...context, subjects: filters, acknowledge: "each" },
			log,
		);
		await pull.open(session, ahead_max);
	}

	const monitor = createConsumerMonitor({
		...context,
		received: () => received,
		busy: () => batcher.waiting + batcher.running > 0,
		restart: begin,
	});

	return {
		name: `consumer ${durable} on ${stream}`,
		async start() {
			void broker.ready
				.then(begin)
				.catch((error) =>
					log.error({ err: error, consumer: durable }, "the consumer cannot start"),
				);
			await monitor.start();
		},
		async stop() {
			stopping = true;
			await monitor.stop();
			await follower.stop();
			await pull.close();
			await batcher.drain();
			await broker.flush();
		},
	};
}

function messagesOf<S extends Subject>(deliveries: readonly Delivery<S>[]): JsMsg[] {
	return deliveries.map(({ message }) => message);
}

/** The events that follow from a traced one belong to the span of its handling. */
function startSpans<S extends Subject>(
	tracing: Tracing,
	durable: string,
	deliveries: readonly Delivery<S>[],
): Span[] {
	const spans: Span[] = [];
	for (const delivery of deliveries) {
		const { event } = delivery;
		if (event?.traceparent === undefined) continue;
		const span = tracing.start(`process ${durable}`, "consumer", event.traceparent);
		if (span === undefined) continue;
		delivery.event = { ...event, traceparent: span.traceparent };
		spans.push(span);
	}
	return spans;
}

/** The age of the first message of a batch, now that the batch is finished. */
function secondsSince(message: JsMsg | undefined): number {
	return message === undefined ? 0 : (Date.now() - message.time.getTime()) / 1_000;
}
