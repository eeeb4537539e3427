import type { Part } from "../lifecycle.ts";
import type { StartSpan } from "./span.ts";
import type { RecorderOptions } from "./trace-recorder.ts";

export type { Span } from "./span.ts";

/** Starts spans. Before its part is started, and after it is stopped, every one is undefined. */
export interface Tracing {
	readonly start: StartSpan;
	/** Started before the first span and stopped after the last: stopping sends what is waiting. */
	readonly part: Part;
}

/** What `readTracingVariables` reads from the environment, which names the variables. */
export interface TracingOptions extends RecorderOptions {
	readonly disabled: boolean;
}

/** Without an endpoint, or disabled, nothing of OpenTelemetry is even loaded. */
export function createTracing(o: TracingOptions): Tracing {
	const off = o.disabled || (o.endpoint === undefined && o.exporter === undefined);
	let record: StartSpan | undefined;
	let close = async () => {};
	return {
		start: (name, kind, parent, attributes, start_time_ms) =>
			record?.(name, kind, parent, attributes, start_time_ms),
		part: {
			name: "tracing",
			async start() {
				if (off) return;
				const { createRecorder } = await import("./trace-recorder.ts");
				({ record, close } = createRecorder(o));
			},
			async stop() {
				record = undefined;
				const closed = close();
				close = () => closed;
				await closed;
			},
		},
	};
}
