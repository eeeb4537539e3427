import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createLog } from "./log.ts";
import { createTracing, type Span, type Tracing, type TracingOptions } from "./trace.ts";

interface Attribute {
	key: string;
	value: { stringValue?: string; intValue?: number; boolValue?: boolean };
}
/** A span as OTLP/JSON has it. */
interface Received {
	traceId: string;
	spanId: string;
	parentSpanId?: string;
	name: string;
	kind: number;
	startTimeUnixNano: string;
	endTimeUnixNano: string;
	attributes: Attribute[];
	events: { name: string; attributes: Attribute[] }[];
	status: { code: number; message?: string };
}
interface Body {
	resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: Received[] }[] }[];
}

/** An OTLP/HTTP receiver. */
function startCollector(answer: () => Response | Promise<Response> = () => Response.json({})) {
	const bodies: Body[] = [];
	const requests: Request[] = [];
	const server = Bun.serve({
		port: 0,
		hostname: "127.0.0.1",
		async fetch(request) {
			requests.push(request);
			bodies.push((await request.json()) as Body);
			return answer();
		},
	});
	return {
		endpoint: `http://127.0.0.1:${server.port}`,
		requests,
		resource: () => values(bodies[0]?.resourceSpans[0]?.resource.attributes ?? []),
		spans: () =>
			bodies.flatMap((body) =>
				body.resourceSpans.flatMap((r) => r.scopeSpans.flatMap((s) => s.spans)),
			),
		stop: () => server.stop(true),
	};
}

function values(attributes: Attribute[]) {
	return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

const always: TracingOptions["sampler"] = { name: "parentbased_always_on", arg: 1 };
const sampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const unsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

let collector: ReturnType<typeof startCollector>;
let running: Tracing[] = [];
beforeEach(() => {
	collector = startCollector();
});
afterEach(async () => {
	for (const tracing of running) await tracing.part.stop();
	running = [];
	await collector.stop();
});

async function startTracing(o: Partial<TracingOptions> = {}): Promise<Tracing> {
	const tracing = createTracing({
		service_name: "millrace",
		endpoint: collector.endpoint,
		sampler: always,
		disabled: false,
		...o,
	});
	running.push(tracing);
	await tracing.part.start();
	return tracing;
}

function sure(span: Span | undefined): Span {
	if (span === undefined) throw new Error("The span was not sampled.");
	return span;
}

describe("what the collector gets", () => {
	test("spans that connect to one trace across a header", async () => {
		const tracing = await startTracing();
		const root = sure(tracing.start("POST /v1/orders", "server"));
		const child = sure(tracing.start("publish", "producer", root.traceparent));
		const grandchild = sure(tracing.start("process", "consumer", child.traceparent));
		for (const span of [grandchild, child, root]) span.end();
		await tracing.part.stop();

		const by = Object.fromEntries(collector.spans().map((span) => [span.name, span]));
		const [post, publish, process] = [by["POST /v1/orders"], by.publish, by.process];
		expect(post?.parentSpanId ?? "").toBe("");
		expect(publish?.parentSpanId).toBe(post?.spanId);
		expect(process?.parentSpanId).toBe(publish?.spanId);
		expect([post?.traceId, publish?.traceId, process?.traceId]).toEqual(
			Array(3).fill(root.trace_id),
		);
		expect([post?.kind, publish?.kind, process?.kind]).toEqual([2, 4, 5]);
		expect(root.traceparent).toBe(`00-${root.trace_id}-${post?.spanId}-01`);
	});

	test("a span that continues a caller's trace", async () => {
		const tracing = await startTracing();
		const span = sure(tracing.start("POST /v1/orders", "server", sampled));
		span.end();
		await tracing.part.stop();
		expect(span.trace_id).toBe("0af7651916cd43dd8448eb211c80319c");
		expect(collector.spans()[0]?.parentSpanId).toBe("b7ad6b7169203331");
	});

	test("the service, its attributes and the headers asked for", async () => {
		const tracing = await startTracing({
			service_name: "shop",
			resource_attributes: { "deployment.environment.name": "test", "service.name": "other" },
			headers: { "x-team": "orders" },
		});
		tracing.start("a", "internal")?.end();
		await tracing.part.stop();
		expect(collector.resource()).toMatchObject({
			"service.name": "shop",
			"deployment.environment.name": "test",
			"telemetry.sdk.name": "opentelemetry",
		});
		const request = collector.requests[0];
		expect(request?.headers.get("x-team")).toBe("orders");
		expect(request?.headers.get("content-type")).toBe("application/json");
		expect(new URL(request?.url ?? "").pathname).toBe("/v1/traces");
	});

	test("an endpoint with a path as it is", async () => {
		const tracing = await startTracing({ endpoint: `${collector.endpoint}/in` });
		tracing.start("a", "internal")?.end();
		await tracing.part.stop();
		expect(new URL(collector.requests[0]?.url ?? "").pathname).toBe("/in");
	});

	test("attributes, and a failure without the password in it", async () => {
		const tracing = await startTracing();
		const span = sure(
			tracing.start("process", "consumer", undefined, { "messaging.system": "nats" }),
		);
		span.set("messaging.batch.message_count", 3);
		span.fail(new TypeError("no postgres://millrace:hunter2@db/x"));
		span.end();
		await tracing.part.stop();
		const received = collector.spans()[0];
		expect(values(received?.attributes ?? [])).toEqual({
			"messaging.system": "nats",
			"messaging.batch.message_count": 3,
		});
		expect(received?.status).toEqual({ code: 2, message: "no postgres://***@db/x" });
		expect(values(received?.events[0]?.attributes ?? [])).toMatchObject({
			"exception.type": "TypeError",
			"exception.message": "no postgres://***@db/x",
			"exception.stacktrace": expect.stringContaining("trace.test.ts"),
		});
		expect(JSON.stringify(received)).not.toContain("hunter2");
	});

	test("times of long before the process as they are", async () => {
		const tracing = await startTracing();
		const accepted_ms = Date.parse("2020-01-02T03:04:05.678Z");
		const span = sure(tracing.start("outbox", "internal", undefined, {}, accepted_ms));
		span.end(accepted_ms + 1_500.25);
		await tracing.part.stop();
		const received = collector.spans()[0];
		expect(received?.startTimeUnixNano).toBe("1577934245678000000");
		expect(received?.endTimeUnixNano).toBe("1577934247178250000");
	});
});

describe("sampling", () => {
	const start = async (name: TracingOptions["sampler"]["name"], arg = 1) =>
		startTracing({ sampler: { name, arg } });

	test.each([
		["always_on", true, true, true],
		["always_off", false, false, false],
		["traceidratio", true, true, false],
		["parentbased_always_on", true, true, false],
		["parentbased_always_off", false, true, false],
		["parentbased_traceidratio", true, true, false],
	] as const)(
		"%s: root %p, sampled parent %p, unsampled parent %p",
		async (name, root, followed, forced) => {
			const tracing = await start(name);
			const taken = [undefined, sampled, unsampled].map(
				(parent) => tracing.start("a", "server", parent) !== undefined,
			);
			expect(taken).toEqual([root, followed, forced]);
		},
	);

	test("takes the share of roots asked for", async () => {
		const tracing = await start("parentbased_traceidratio", 0.25);
		let taken = 0;
		for (let i = 0; i < 20_000; i++) if (tracing.start("a", "server")) taken++;
		expect(taken / 20_000).toBeWithin(0.22, 0.28);
	});

	test.each([
		"",
		"nonsense",
		`${sampled}-more`,
		sampled.replace("b7ad6b7169203331", "0".repeat(16)),
	])("a parent that cannot be read starts a root: %p", async (parent) => {
		const tracing = await start("always_on");
		const span = sure(tracing.start("a", "server", parent));
		expect(span.trace_id).not.toBe("0af7651916cd43dd8448eb211c80319c");
	});
});

describe("switched off", () => {
	test.each([
		["disabled", { disabled: true }],
		["without an endpoint", { endpoint: undefined }],
	])("%s, every span is undefined", async (_, o) => {
		const tracing = await startTracing(o);
		expect(tracing.start("a", "server", sampled)).toBeUndefined();
	});

	test("before its start and after its stop, too", async () => {
		const tracing = createTracing({
			service_name: "millrace",
			endpoint: collector.endpoint,
			sampler: always,
			disabled: false,
		});
		expect(tracing.start("a", "server")).toBeUndefined();
		await tracing.part.stop();
		await tracing.part.start();
		expect(tracing.start("a", "server")).toBeDefined();
		await tracing.part.stop();
		expect(tracing.start("a", "server")).toBeUndefined();
		await tracing.part.stop();
	});
});

/** How long one request of the exporter may take on its own. */
const EXPORT_LIMIT_MS = 10_000;

describe("a collector in trouble", () => {
	test(
		"that never answers does not hold up the stop",
		async () => {
			const silent = startCollector(() => new Promise(() => {}));
			const tracing = await startTracing({ endpoint: silent.endpoint, flush_ms_max: 50 });
			tracing.start("a", "server")?.end();
			await tracing.part.stop();
			await silent.stop();
		},
		EXPORT_LIMIT_MS,
	);

	test("is told to the log, once for all batches, and so is its end", async () => {
		const lines: string[] = [];
		const destination = { write: (line: string) => void lines.push(JSON.parse(line).msg) };
		const log = createLog({ level: "info", pretty: false, destination });
		let status = 400;
		const broken = startCollector(() => new Response("{}", { status }));
		const tracing = await startTracing({ endpoint: broken.endpoint, log });

		for (let i = 0; i < 3 * 512; i++) tracing.start("a", "server")?.end();
		while (broken.requests.length < 3) await new Promise(setImmediate);
		expect(lines).toEqual(["Spans cannot be sent and are dropped until they can."]);
		status = 200;
		tracing.start("a", "server")?.end();
		await tracing.part.stop();
		expect(lines.slice(1)).toEqual(["Spans are sent again."]);
		await broken.stop();
	});
});
