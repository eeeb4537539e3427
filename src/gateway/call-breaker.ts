import {
	BrokenCircuitError,
	CircuitState,
	ConsecutiveBreaker,
	circuitBreaker,
	type FailureReason,
	handleWhenResult,
} from "cockatiel";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { GatewayResult, LookUpResult } from "./gateway.ts";
import { GatewayError, isSystemic, type NotSent, notSent } from "./gateway-error.ts";

export type Answer = GatewayResult | LookUpResult;

export interface BreakerSettings {
	/** Failures of the gateway as a whole, one after the other, that hold all calls back. */
	readonly breaker_failures: number;
	/** How long they are held back before one call tries. */
	readonly pause_ms: number;
}

/** Holds calls back while the gateway as a whole is away. */
export interface CallBreaker {
	/** How many calls at the same time it lets through now. */
	capacity(): number;
	/** While one call tries whether the gateway is back, the others wait for what it finds. */
	run<T extends Answer>(call: () => Promise<T>): Promise<T | NotSent>;
}

export function createCallBreaker(
	{ breaker_failures, pause_ms }: BreakerSettings,
	{ log, metrics }: { readonly log: Log; readonly metrics: Pick<Metrics, "gateway_breaker"> },
): CallBreaker {
	const breaker = circuitBreaker(handleWhenResult(isFailure), {
		halfOpenAfter: pause_ms,
		breaker: new ConsecutiveBreaker(breaker_failures),
	});
	let opened_ms = 0;

	breaker.onBreak((reason) => {
		opened_ms = Date.now();
		metrics.gateway_breaker.set(2);
		log.warn({ err: causeOf(reason), pause_ms }, "the gateway is away: calls are held back");
	});
	breaker.onHalfOpen(() => {
		metrics.gateway_breaker.set(1);
		log.info("one call tries whether the gateway is back");
	});
	breaker.onReset(() => {
		metrics.gateway_breaker.set(0);
		log.info("the gateway is back");
	});

	metrics.gateway_breaker.set(0);
	return {
		capacity() {
			if (breaker.state === CircuitState.Closed) return Number.POSITIVE_INFINITY;
			const rested = breaker.state === CircuitState.Open && Date.now() - opened_ms >= pause_ms;
			return rested ? 1 : 0;
		},
		async run(call) {
			try {
				return await breaker.execute(call);
			} catch (error) {
				if (error instanceof BrokenCircuitError) return notSent(heldBack());
				throw error;
			}
		},
	};
}

function isFailure(result: unknown): boolean {
	return isSystemic((result as { error?: unknown }).error);
}

function causeOf(reason: unknown): unknown {
	return (reason as FailureReason<Answer> & { value?: { error?: unknown } }).value?.error;
}

function heldBack(): GatewayError {
	return new GatewayError("held_back", "Calls are held back: the gateway is away");
}
