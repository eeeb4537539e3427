import { every, type Part } from "../lifecycle.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Broker, Session } from "./connection.ts";
import type { Pause } from "./pause.ts";

export interface MonitorOptions {
	readonly durable: string;
	readonly stream: string;
	/** How long messages may wait with none delivered before the pull is made anew. */
	readonly stall_ms: number;
	readonly pause: Pause;
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

/** Asks the broker how far a consumer is, for the metrics, and ends a stall that nothing else would end. */
export function createConsumerMonitor(options: MonitorOptions): Part {
	const { durable, stream, pause, broker, metrics, log } = options;
	let received_before = -1;
	let moved_ms = 0;

	async function look() {
		if (!broker.connected()) return;
		const session = await broker.ready;
		const info = await pause.look(session).catch(() => undefined);
		if (info === undefined) return restart(session, "is missing");
		metrics.pending.set({ consumer: durable }, info.num_pending);
		metrics.ack_pending.set({ consumer: durable }, info.num_ack_pending);
		if (info.num_pending === 0 && !options.busy()) metrics.lag.set({ consumer: durable }, 0);
		const idle = info.num_pending === 0 || info.paused === true || options.busy();
		if (idle || options.received() !== received_before) {
			received_before = options.received();
			moved_ms = performance.now();
		} else if (performance.now() - moved_ms > options.stall_ms) {
			moved_ms = performance.now();
			await restart(session, "has stalled");
		}
	}

	async function restart(session: Session, why: string) {
		log.warn({ consumer: durable, stream }, `consumer ${why}; it is made anew`);
		await options.restart(session);
	}

	return every(`monitor of ${durable}`, INTERVAL_MS, look, (error) =>
		log.warn({ err: error, consumer: durable }, "the consumer's state is not known"),
	);
}
