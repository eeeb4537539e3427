import { type EventStream, eventStreams } from "../../contracts/streams.ts";
import type { Lock } from "../../database/lock.ts";
import { type Part, within } from "../../lifecycle.ts";
import { createBatcher } from "../../messaging/batcher.ts";
import type { Broker } from "../../messaging/connection.ts";
import {
	type Reading,
	readStreams,
	type StreamMessage,
	streamsCreated,
} from "../../messaging/reader.ts";
import { ObjectDiffersError, type ObjectStore } from "../../object-store/object-store.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Tracing } from "../../telemetry/trace.ts";
import type { Turn } from "./guard-log.ts";
import { LogInconsistentError } from "./open-log.ts";
import { NotSequencerError, openRecorder, type Recorder } from "./record-event.ts";
import type { SigningKeys } from "./signer.ts";
import type { AuditStore } from "./store.ts";
import { createWitness } from "./witness.ts";
import { permitOf, TRUSTED_MS } from "./writing-permit.ts";

export interface SequencerOptions {
	/** How long an event waits for others before it is written. */
	readonly flush_ms: number;
	/** Events held in memory while the store is slow; beyond it reading stops. */
	readonly buffer_events_max: number;
}

export interface SequencerNeeds {
	readonly store: AuditStore;
	readonly objects: ObjectStore;
	/** Where copies of checkpoints go. */
	readonly witness: ObjectStore | undefined;
	readonly broker: Broker;
	readonly metrics: Metrics;
	readonly tracing: Tracing;
	readonly log: Log;
	readKeys(): Promise<SigningKeys>;
	/** Resolves to undefined while another process is the sequencer. */
	tryTurn(): Promise<Turn | undefined>;
}

const streams = Object.keys(eventStreams) as EventStream[];
const CONSUMER = "audit-record";
const BATCH_EVENTS_MAX = 4_096;
const RETRY_MS = 500;
/** What contradicts the log is seldom gone soon; what another process wrote when it lost its turn is. */
const CONFLICT_PAUSE_MS = 2_000;

/**
 * Writes every event of every stream to the log. Of all replicas one does it at a time, the holder of
 * a lock in Postgres; the others wait to take over.
 */
export function createSequencer(options: SequencerOptions, needs: SequencerNeeds): Part {
	const { broker, metrics, log } = needs;
	const witness =
		needs.witness &&
		createWitness(needs.witness, (error) =>
			log.warn({ err: error }, "the witness has no copy of the checkpoint yet"),
		);
	const stopping = Promise.withResolvers<void>();
	let stopped = false;
	let running: Promise<void> = Promise.resolve();

	async function run(keys: SigningKeys) {
		while (!stopped) {
			let pause_ms = RETRY_MS;
			try {
				const turn = await needs.tryTurn();
				if (turn) await holding(turn, keys).finally(() => turn.release());
			} catch (error) {
				if (isConflict(error)) {
					alarm(error);
					pause_ms = CONFLICT_PAUSE_MS;
				} else log.warn({ err: error }, "the audit log waits");
			}
			if (!stopped) await within(pause_ms, stopping.promise);
		}
	}

	/** What is in the store is not what should be there: nothing is written over it, and nothing signed. */
	function alarm(error: unknown) {
		metrics.audit_conflicts.inc(1);
		log.error({ err: error }, "the audit log does not fit what is in its store");
	}

	async function holding(turn: Turn, keys: SigningKeys) {
		await Promise.race([broker.ready, stopping.promise]);
		const rest_ms = turn.taken_over ? needs.objects.write_ms_max + TRUSTED_MS : 0;
		await within(rest_ms, Promise.race([stopping.promise, turn.lost]));
		if (stopped) return;
		const created = await streamsCreated(broker, streams);
		const place = { objects: needs.objects.under(permitOf(turn)), keys, witness };
		const recorder = await openRecorder(needs.store, place, created);
		const key = keys.signer.verifier.text;
		log.info({ entries: recorder.size, key }, "this process writes the audit log");
		while ((await readAndRecord(recorder, turn)) === "full") log.warn("the audit log catches up");
	}

	/** Until the process stops, the lock is lost, or so much waits that reading has to stop for a while. */
	async function readAndRecord(recorder: Recorder, lock: Lock): Promise<"over" | "full"> {
		const full = Promise.withResolvers<"full">();
		const failed = Promise.withResolvers<never>();
		// It may come before all streams are read, and thus before anybody waits for it.
		failed.promise.catch(() => {});
		let ours = true;
		const batcher = createBatcher<StreamMessage>({
			batch_max: BATCH_EVENTS_MAX,
			interval_ms: options.flush_ms,
			batches_running_max: 1,
			run: async (messages) => {
				if (!ours) return;
				await recordPatiently(recorder, messages, () => ours).catch((error) => {
					ours = false;
					failed.reject(error);
				});
			},
		});
		const lost = lock.lost.then(() => {
			ours = false;
			return "over" as const;
		});
		const stop = stopping.promise.then(() => "over" as const);
		let reading: Reading | undefined;
		try {
			reading = await read(recorder, (message) => {
				batcher.push(message);
				if (batcher.waiting > options.buffer_events_max) full.resolve("full");
			});
			return await Promise.race([lost, stop, full.promise, failed.promise]);
		} finally {
			await reading?.stop();
			// Before the lock goes: nobody else may write until then.
			await batcher.drain();
		}
	}

	function read(recorder: Recorder, onMessage: (message: StreamMessage) => void): Promise<Reading> {
		const starts = streams.map((stream) => ({ stream, sequence: recorder.next(stream) }));
		return readStreams(broker, starts, onMessage);
	}

	/**
	 * A store that is slow or away holds up the log, never a sale: try until it works or another process
	 * has taken over.
	 */
	async function recordPatiently(
		recorder: Recorder,
		messages: StreamMessage[],
		ours: () => boolean,
	) {
		const added = await patiently(() => recorder.record(messages), messages.length, ours);
		await patiently(() => recorder.sign(), messages.length, ours);
		report(needs, recorder, messages, added);
	}

	async function patiently<T>(work: () => Promise<T>, events: number, ours: () => boolean) {
		for (;;) {
			try {
				return await work();
			} catch (error) {
				const final = error instanceof NotSequencerError || isConflict(error);
				if (final || stopped || !ours()) throw error;
				log.warn({ err: error, events }, "the audit log cannot be written yet");
				await Bun.sleep(RETRY_MS);
			}
		}
	}

	return {
		name: "audit sequencer",
		async start() {
			running = run(await needs.readKeys());
		},
		async stop() {
			stopped = true;
			stopping.resolve();
			await running;
			await witness?.stop();
		},
	};
}

function report(
	{ metrics, tracing }: Pick<SequencerNeeds, "metrics" | "tracing">,
	{ size }: Recorder,
	messages: readonly StreamMessage[],
	added: number,
) {
	metrics.audit_entries.inc(added);
	metrics.audit_size.set(size);
	metrics.consumed.inc({ consumer: CONSUMER }, messages.length);
	metrics.batch_size.observe({ consumer: CONSUMER }, messages.length);
	const waiting = new Map<EventStream, number>();
	for (const { stream, pending, traceparent } of messages) {
		waiting.set(stream, pending);
		if (traceparent) tracing.start(`process ${CONSUMER}`, "consumer", traceparent)?.end();
	}
	metrics.pending.set(
		{ consumer: CONSUMER },
		[...waiting.values()].reduce((sum, n) => sum + n, 0),
	);
}

function isConflict(error: unknown): boolean {
	return error instanceof ObjectDiffersError || error instanceof LogInconsistentError;
}
