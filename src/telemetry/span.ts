/** Who waits for whom: a `server` is called, a `producer` sends, a `consumer` takes what was sent. */
export type SpanKind = "server" | "producer" | "consumer" | "internal";
export type SpanAttributes = { readonly [name: string]: string | number | boolean };

/** A stretch of work that is being recorded. Nothing is sent before `end`. */
export interface Span {
	/** The W3C header for whatever follows from this span. */
	readonly traceparent: string;
	/** 32 hex digits, for the log field `trace_id`. */
	readonly trace_id: string;
	set(name: string, value: string | number | boolean): void;
	/** Marks the span as failed. It still has to be ended. */
	fail(error: unknown): void;
	/** `end_time_ms` is milliseconds since 1970, now when left out. */
	end(end_time_ms?: number): void;
}

/**
 * Starts a root, or continues `parent` (a W3C traceparent; one that cannot be read starts a root).
 * Undefined when it is not sampled: callers then carry no trace. So a step that works on an event
 * without a traceparent starts nothing; only the edge, where an order comes in, starts roots.
 *
 * `start_time_ms` is milliseconds since 1970, now when left out.
 */
export type StartSpan = (
	name: string,
	kind: SpanKind,
	parent?: string,
	attributes?: SpanAttributes,
	start_time_ms?: number,
) => Span | undefined;
