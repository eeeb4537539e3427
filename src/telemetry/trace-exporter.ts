import { ExportResultCode } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import type { SpanExporter } from "@opentelemetry/sdk-trace-base";
import type { Log } from "./log.ts";

const REQUEST_MS_MAX = 5_000;

export interface ExporterOptions {
	/** Where spans are posted. A url without a path gets `/v1/traces`. */
	readonly endpoint?: string | undefined;
	readonly headers?: Readonly<Record<string, string>>;
	/** Takes the spans instead of `endpoint`. */
	readonly exporter?: SpanExporter;
	/** Is told once when spans cannot be sent, and once when they can again. */
	readonly log?: Log;
}

/** Sends spans as OTLP/HTTP JSON to the endpoint, or to the exporter given instead. */
export function createExporter(o: ExporterOptions): SpanExporter {
	const exporter =
		o.exporter ??
		new OTLPTraceExporter({
			url: tracesUrl(o.endpoint ?? ""),
			headers: { ...o.headers },
			timeoutMillis: REQUEST_MS_MAX,
		});
	return o.log === undefined ? exporter : reporting(exporter, o.log);
}

/** An endpoint without a path means the collector as such, and that takes nothing at its root. */
function tracesUrl(endpoint: string): string {
	const url = new URL(endpoint);
	if (url.pathname === "/") url.pathname = "/v1/traces";
	return url.href;
}

/** OpenTelemetry keeps a failed export to itself; an operator wants to know, but once. */
function reporting(exporter: SpanExporter, log: Log): SpanExporter {
	let failing = false;
	const report = (failed: boolean, err: Error | undefined) => {
		if (failed === failing) return;
		failing = failed;
		if (failed) log.warn({ err }, "Spans cannot be sent and are dropped until they can.");
		else log.info("Spans are sent again.");
	};
	return {
		export: (spans, done) =>
			exporter.export(spans, (result) => {
				report(result.code === ExportResultCode.FAILED, result.error);
				done(result);
			}),
		shutdown: () => exporter.shutdown(),
	};
}
