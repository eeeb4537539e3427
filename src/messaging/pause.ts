import type { ConsumerInfo } from "@nats-io/jetstream";
import { millis } from "nats";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Session } from "./connection.ts";

/** The pause of a durable as this process knows it. The broker keeps it, for all replicas. */
export interface Pause {
	/** How much longer nothing is handled; 0 when the next batch may try. */
	rest_ms(): number;
	/** From the beginning of a pause until a batch got through after it. */
	readonly probing: boolean;
	/** Pauses the durable unless it is paused already. Nothing of this process is handled from now on. */
	begin(session: Session, pause_ms: number): Promise<void>;
	/** A batch got through. */
	passed(): void;
	/** Asks the broker how the durable is, and whether somebody paused or resumed it. */
	look(session: Session): Promise<ConsumerInfo>;
}

export function createPause(options: {
	readonly durable: string;
	readonly stream: string;
	readonly metrics: Metrics;
	readonly log: Log;
}): Pause {
	const { durable, stream, metrics, log } = options;
	let until_ms = Number.NEGATIVE_INFINITY;
	let probing = false;
	let beginning: Promise<void> | undefined;

	const rest_ms = () => Math.max(0, until_ms - performance.now());

	function see(paused: boolean, over_ms: number) {
		until_ms = over_ms;
		probing ||= paused;
		metrics.consumer_paused.set({ consumer: durable }, paused ? 1 : 0);
	}

	async function ask({ jsm }: Session) {
		const asked_ms = performance.now();
		const info = await jsm.consumers.info(stream, durable);
		return { info, over_ms: asked_ms + (info.paused ? millis(info.pause_remaining) : 0) };
	}

	/**
	 * A pause that stands is left as it is, so that replicas neither shorten nor prolong each other's.
	 * When it is over is said in the broker's time: ours may be minutes away from it.
	 */
	async function pauseOnce(session: Session, pause_ms: number) {
		const { info, over_ms } = await ask(session);
		if (info.paused) return see(true, over_ms);
		const now_ms = info.ts === undefined ? Date.now() : Date.parse(info.ts);
		await session.jsm.consumers.pause(stream, durable, new Date(now_ms + pause_ms));
		see(true, until_ms);
	}

	return {
		rest_ms,
		get probing() {
			return probing;
		},
		async begin(session, pause_ms) {
			if (beginning === undefined && rest_ms() === 0) {
				until_ms = performance.now() + pause_ms;
				probing = true;
				beginning = pauseOnce(session, pause_ms)
					.catch((error) =>
						log.warn({ err: error, consumer: durable }, "the consumer cannot be paused"),
					)
					.finally(() => {
						beginning = undefined;
					});
			}
			await beginning;
		},
		passed() {
			if (rest_ms() === 0) probing = false;
		},
		async look(session) {
			const { info, over_ms } = await ask(session);
			// An answer that is older than a pause of ours knows nothing of it.
			if (beginning === undefined) see(info.paused === true, over_ms);
			return info;
		},
	};
}
