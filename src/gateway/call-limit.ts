import pLimit from "p-limit";
import type { Metrics } from "../telemetry/metrics.ts";

/** How many calls may be under way at once, and until when none may begin. */
export interface CallLimit {
	/** Waits for a place among the calls under way. */
	run<T>(call: () => Promise<T>): Promise<T>;
	/**
	 * The gateway turned a call away. Lowers the limit once for all calls that began before the last time.
	 * When it does not even take one call at a time, none begins before the gateway wants it.
	 */
	refused(begun_at: number, retry_after_ms: number | undefined): void;
	/** The gateway took a call on. */
	taken(): void;
	/** How long no call may begin, in milliseconds. */
	pauseLeft(): number;
	/** How many calls may be under way at once now. */
	capacity(): number;
}

/** What is left of the limit when calls were turned away. */
const LOWERED = 0.75;
/** After it was lowered all the way down, the limit is back in about so many round trips. */
const ROUNDS_BACK = 16;

/** Lowers the limit when calls are turned away and lets it grow back with each call that is taken. */
export function createCallLimit(
	calls_max: number,
	metrics: Pick<Metrics, "gateway_limit">,
): CallLimit {
	const slots = pLimit(calls_max);
	const growth = Math.max(1, calls_max / ROUNDS_BACK);
	let limit = calls_max;
	let lowered_at = Number.NEGATIVE_INFINITY;
	let paused_until = 0;

	function change(to: number) {
		limit = Math.min(calls_max, Math.max(1, to));
		const calls = Math.floor(limit);
		if (calls === slots.concurrency) return;
		slots.concurrency = calls;
		metrics.gateway_limit.set(calls);
	}

	const pauseLeft = () => Math.max(0, paused_until - performance.now());

	metrics.gateway_limit.set(calls_max);
	return {
		run: (call) => slots(call),
		refused(begun_at, retry_after_ms) {
			const now = performance.now();
			if (retry_after_ms !== undefined && slots.concurrency === 1) {
				paused_until = Math.max(paused_until, now + retry_after_ms);
			}
			if (begun_at < lowered_at) return;
			lowered_at = now;
			change(limit * LOWERED);
		},
		taken() {
			if (limit < calls_max) change(limit + growth / limit);
		},
		pauseLeft,
		capacity: () => (pauseLeft() > 0 ? 0 : slots.concurrency),
	};
}
