import { ROOT_CONTEXT, type SpanContext, SpanKind, trace } from "@opentelemetry/api";
import { parseTraceParent } from "@opentelemetry/core";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import {
	AlwaysOnSampler,
	BasicTracerProvider,
	BatchSpanProcessor,
	type SpanExporter,
} from "@opentelemetry/sdk-trace-base";
import { within } from "../lifecycle.ts";
import type { StartSpan } from "./span.ts";
import { createExporter, type ExporterOptions } from "./trace-exporter.ts";
import { createSampling, type Sampler } from "./trace-sampling.ts";
import { toHrTime, wrapSpan } from "./trace-span.ts";

const SPANS_WAITING_MAX = 4_096;
const SPANS_SENT_AT_ONCE_MAX = 512;
const LINGER_MS = 1_000;
const EXPORT_MS_MAX = 10_000;
const FLUSH_MS_MAX = 2_000;
const ATTRIBUTE_CHARACTERS_MAX = 4_096;
const SAMPLED = 1;

const KINDS = {
	server: SpanKind.SERVER,
	producer: SpanKind.PRODUCER,
	consumer: SpanKind.CONSUMER,
	internal: SpanKind.INTERNAL,
} as const;

export interface RecorderOptions extends ExporterOptions {
	readonly service_name: string;
	readonly resource_attributes?: Readonly<Record<string, string>>;
	readonly sampler: Sampler;
	/** How long stopping may take to send what is waiting; 2,000 when left out. */
	readonly flush_ms_max?: number;
}

interface Recorder {
	/** Draws or follows, and only then makes a span. */
	readonly record: StartSpan;
	/** Sends what is waiting, and gives up after `flush_ms_max`. */
	close(): Promise<void>;
}

/** Sets up OpenTelemetry's SDK, with nothing global. */
export function createRecorder(o: RecorderOptions): Recorder {
	const exporter = createExporter(o);
	const provider = createProvider(o, exporter);
	const tracer = provider.getTracer("millrace");
	const { root_ratio, follows } = createSampling(o.sampler);
	const taken = (parent: SpanContext | null): boolean =>
		parent === null ? Math.random() < root_ratio : follows((parent.traceFlags & SAMPLED) !== 0);
	return {
		record(name, kind, traceparent, attributes = {}, start_time_ms) {
			const parent = traceparent === undefined ? null : parseTraceParent(traceparent);
			if (!taken(parent)) return undefined;
			const context =
				parent === null
					? ROOT_CONTEXT
					: trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true });
			const startTime = start_time_ms === undefined ? undefined : toHrTime(start_time_ms);
			const options = { kind: KINDS[kind], attributes, ...(startTime && { startTime }) };
			return wrapSpan(tracer.startSpan(name, options, context));
		},
		async close() {
			const closed = shutDown(provider, exporter).catch(() => undefined);
			await within(o.flush_ms_max ?? FLUSH_MS_MAX, closed);
		},
	};
}

/** The sampler is always on, since a span is made only when it is taken. */
function createProvider(o: RecorderOptions, exporter: SpanExporter): BasicTracerProvider {
	const attributes = { ...o.resource_attributes, "service.name": o.service_name };
	return new BasicTracerProvider({
		resource: defaultResource().merge(resourceFromAttributes(attributes)),
		sampler: new AlwaysOnSampler(),
		spanLimits: { attributeValueLengthLimit: ATTRIBUTE_CHARACTERS_MAX },
		spanProcessors: [
			new BatchSpanProcessor(exporter, {
				maxQueueSize: SPANS_WAITING_MAX,
				maxExportBatchSize: SPANS_SENT_AT_ONCE_MAX,
				scheduledDelayMillis: LINGER_MS,
				exportTimeoutMillis: EXPORT_MS_MAX,
			}),
		],
	});
}

/** The processor leaves its exporter open when the last spans cannot be sent. */
async function shutDown(provider: BasicTracerProvider, exporter: SpanExporter): Promise<void> {
	try {
		await provider.shutdown();
	} catch {
		await exporter.shutdown();
	}
}
