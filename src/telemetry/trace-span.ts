import { type HrTime, type Span as OtelSpan, SpanStatusCode } from "@opentelemetry/api";
import { redactUrls } from "./redact.ts";
import type { Span } from "./span.ts";

/** The span as the rest of millrace sees it. */
export function wrapSpan(span: OtelSpan): Span {
	const { traceId, spanId } = span.spanContext();
	return {
		traceparent: `00-${traceId}-${spanId}-01`,
		trace_id: traceId,
		set: (name, value) => void span.setAttribute(name, value),
		fail(error) {
			const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
			const told = { name, message: redactUrls(message), stack: redactUrls(stack ?? "") };
			span.recordException(told);
			span.setStatus({ code: SpanStatusCode.ERROR, message: told.message });
		},
		end: (end_time_ms) => span.end(end_time_ms === undefined ? undefined : toHrTime(end_time_ms)),
	};
}

/**
 * OpenTelemetry takes a plain number that is older than the process for a reading of
 * `performance.now()`; an order accepted before a restart would end up decades ahead.
 */
export function toHrTime(time_ms: number): HrTime {
	return [Math.floor(time_ms / 1_000), Math.floor((time_ms % 1_000) * 1e6)];
}
