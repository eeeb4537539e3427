import type { ConsumerInfo } from "@nats-io/jetstream";
import type { Database } from "../database/connection.ts";
import { every, type Part } from "../lifecycle.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Broker, Session } from "./connection.ts";
import { forgetLeftBehind } from "./failures.ts";
import type { Pause } from "./pause.ts";
import { orUndefined } from "./streams.ts";

export interface MonitorOptions {
	readonly durable: string;
	readonly stream: string;
	/** How long messages may wait with none delivered before the pull is made anew. */
	readonly stall_ms: number;
	readonly pause: Pause;
	readonly database: Database;
	readonly schema: string;
	readonly broker: Broker;
	readonly metrics: Metrics;
	readonly log: Log;
	/** Messages delivered so far. */
	received(): number;
	/** Whether this process still has messages in hand. */
	busy(): boolean;
	/** Makes the consumer again if it is missing, and a new pull. */
	restart(session: Session): Promise<void>;
}

const INTERVAL_MS = 2_000;
const SWEEP_INTERVAL_MS = 60_000;

/**
 * Asks the broker how far a consumer is, for the metrics and to clear up when all is settled, and ends a stall
 * that nothing else would end.
 */
export function createConsumerMonitor(options: MonitorOptions): Part {
	const { durable, stream, pause, broker, metrics, log } = options;
	let received_before = -1;
	let delivered_before = -1;
	let moved_ms = 0;
	let stalls = 0;
	let swept_ms = Number.NEGATIVE_INFINITY;

	async function look() {
		if (!broker.connected()) return;
		const session = await broker.ready;
		const info = await orUndefined(pause.look(session));
		if (info === undefined) return restart(session, "is missing");
		metrics.pending.set({ consumer: durable }, info.num_pending);
		metrics.ack_pending.set({ consumer: durable }, info.num_ack_pending);
		if (info.num_pending === 0 && !options.busy()) metrics.lag.set({ consumer: durable }, 0);
		if (moves(info)) {
			stalls = 0;
			moved_ms = performance.now();
		} else if (performance.now() - moved_ms > options.stall_ms) {
			moved_ms = performance.now();
			stalls += 1;
			// What a new pull did not help has to be with the durable itself.
			if (stalls > 1) await rewind(session, info);
			await restart(session, "has stalled");
		}
		await sweep(info);
	}

	async function sweep({ num_pending, num_ack_pending }: ConsumerInfo) {
		const due = performance.now() - swept_ms >= SWEEP_INTERVAL_MS;
		if (num_pending + num_ack_pending > 0 || !due) return;
		swept_ms = performance.now();
		await forgetLeftBehind(options.database, options.schema, durable).catch((error) =>
			log.warn(
				{ err: error, consumer: durable },
				"attempts of settled messages are still on record",
			),
		);
	}

	/** Whether there is nothing to wait for, or something came, here or to another replica. */
	function moves({ num_pending, num_ack_pending, paused, delivered }: ConsumerInfo): boolean {
		const received = options.received();
		const idle = num_pending + num_ack_pending === 0 || paused === true || options.busy();
		const came = received !== received_before || delivered.consumer_seq !== delivered_before;
		received_before = received;
		delivered_before = delivered.consumer_seq;
		return idle || came;
	}

	/** Begins anew behind what is settled. */
	async function rewind({ jsm }: Session, { ack_floor }: ConsumerInfo) {
		log.warn({ consumer: durable, stream, settled: ack_floor.stream_seq }, "consumer is rewound");
		await jsm.consumers.reset(stream, durable, ack_floor.stream_seq + 1);
	}

	async function restart(session: Session, why: string) {
		log.warn({ consumer: durable, stream }, `consumer ${why}; it is made anew`);
		await options.restart(session);
	}

	return every(`monitor of ${durable}`, INTERVAL_MS, look, (error) =>
		log.warn({ err: error, consumer: durable }, "the consumer's state is not known"),
	);
}
