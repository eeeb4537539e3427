import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { type Answer, type BreakerSettings, createCallBreaker } from "./call-breaker.ts";
import { createCallLimit } from "./call-limit.ts";
import type { Gateway, GatewayRequest, GatewayResult } from "./gateway.ts";
import { GatewayError, late, type NotSent, notSent } from "./gateway-error.ts";

export interface GuardSettings extends BreakerSettings {
	/** Calls of this process under way at the same time. */
	readonly calls_in_flight_max: number;
}

type GatewayMetrics = Pick<
	Metrics,
	"gateway_calls" | "gateway_duration" | "gateway_in_flight" | "gateway_limit" | "gateway_breaker"
>;

type CallKind = GatewayRequest["kind"] | "look_up";

/** Delay before a call that was turned away without a word of when to come again. It doubles. */
const AGAIN_FIRST_MS = 50;
const AGAIN_LAST_MS = 2_000;

/**
 * Keeps calls of a gateway within what it takes: so many at once, fewer after it turned some away, and
 * none while it is away. A call that was turned away for its rate is made again while its time lasts.
 */
export function createGuardedGateway(
	inner: Gateway,
	settings: GuardSettings,
	needs: { readonly log: Log; readonly metrics: GatewayMetrics },
): Gateway {
	const limit = createCallLimit(settings.calls_in_flight_max, needs.metrics);
	const breaker = createCallBreaker(settings, needs);
	const measured = measureCalls(needs.metrics);

	async function begin<T extends Answer>(kind: CallKind, call: () => Promise<T>): Promise<T> {
		const begun_at = performance.now();
		const result = await measured(kind, begun_at, call);
		const refusal = refusalOf(result);
		if (refusal) limit.refused(begun_at, refusal.retry_after_ms);
		else if (result.state !== "unknown" && result.state !== "not_sent") limit.taken();
		return result;
	}

	function attempt<T extends Answer>(
		kind: CallKind,
		send_before: number,
		call: () => Promise<T>,
	): Promise<T | NotSent> {
		return limit.run(async () => {
			const pause_ms = limit.pauseLeft();
			if (pause_ms > 0) return notSent(paused(pause_ms));
			if (performance.now() > send_before) return notSent(late());
			return await breaker.run(() => begin(kind, call));
		});
	}

	async function carryOut<T extends Answer>(
		kind: CallKind,
		send_before: number,
		call: () => Promise<T>,
	): Promise<T | NotSent> {
		let result = await attempt(kind, send_before, call);
		let again_ms = 0;
		for (;;) {
			const refusal = refusalOf(result);
			if (refusal === undefined) return result;
			again_ms = refusal.retry_after_ms ?? nextDelay(again_ms);
			const wait_ms = Math.max(again_ms, limit.pauseLeft());
			if (performance.now() + wait_ms > send_before) return result;
			await Bun.sleep(wait_ms);
			result = await attempt(kind, send_before, call);
		}
	}

	return {
		capacity: () => Math.min(breaker.capacity(), limit.capacity()),
		async submit(requests, send_before, tell) {
			const calls = requests.map(async (request, position) => {
				const call = () => submitOne(inner, request, send_before);
				tell(position, await carryOut(request.kind, send_before, call));
			});
			await Promise.all(calls);
		},
		/** Waits no longer for its turn than a pause lasts. */
		async lookUp(request) {
			const begin_before = performance.now() + settings.pause_ms;
			const result = await carryOut("look_up", begin_before, () => inner.lookUp(request));
			return result.state === "not_sent" ? { state: "unknown", error: result.error } : result;
		},
		books: inner.books,
	};
}

async function submitOne(
	inner: Gateway,
	request: GatewayRequest,
	send_before: number,
): Promise<GatewayResult> {
	let result: GatewayResult | undefined;
	await inner.submit([request], send_before, (_, told) => {
		result = told;
	});
	return result ?? { state: "unknown", error: new Error("The gateway told nothing of a call") };
}

function measureCalls(metrics: GatewayMetrics) {
	let in_flight = 0;
	return async <T extends Answer>(kind: CallKind, begun_at: number, call: () => Promise<T>) => {
		metrics.gateway_in_flight.set(++in_flight);
		try {
			const result = await call();
			const said = refusalOf(result) ? "rate_limited" : result.state;
			metrics.gateway_calls.inc({ kind, result: said });
			metrics.gateway_duration.observe({ kind }, (performance.now() - begun_at) / 1_000);
			return result;
		} finally {
			metrics.gateway_in_flight.set(--in_flight);
		}
	};
}

/** Why a call was turned away for its rate; undefined when it was not. */
function refusalOf(result: Answer): GatewayError | undefined {
	if (!("error" in result) || !(result.error instanceof GatewayError)) return undefined;
	return result.error.failure === "rate_limited" ? result.error : undefined;
}

/** Spread out, so that calls turned away together do not come back together. */
function nextDelay(before_ms: number): number {
	const longest = Math.min(AGAIN_LAST_MS, Math.max(AGAIN_FIRST_MS, before_ms * 2));
	return longest * (0.5 + Math.random() / 2);
}

function paused(ms: number): GatewayError {
	return new GatewayError("rate_limited", "The gateway wants no calls for a while", Math.ceil(ms));
}
