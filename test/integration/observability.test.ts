import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startApp, type TestApp } from "../support/app.ts";
import { type Span, startCollector } from "../support/collector.ts";
import { privateServers } from "../support/servers.ts";
import { eventually } from "../support/wait.ts";

const servers = await privateServers();
const collector = startCollector();
const CALLER = { trace_id: "0af7651916cd43dd8448eb211c80319c", span_id: "b7ad6b7169203331" };
let shop: TestApp;
let order_id = "";
let metrics = "";
let spans: readonly Span[] = [];

beforeAll(async () => {
	const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint };
	shop = await startApp(servers, { environment });
	await shop.stockUp("SKU-1", 10);
	const traceparent = `00-${CALLER.trace_id}-${CALLER.span_id}-01`;
	({ order_id } = await shop.placeOrder({}, { traceparent }));
	await shop.ended(order_id, "confirmed");
	expect((await shop.send({ currency: "eur" })).status).toBe(400);
	const lost = await shop.placeOrder({ lines: [{ sku: "NONE", quantity: 1, unit_price: 1 }] });
	await shop.ended(lost.order_id, "cancelled");
	await eventually(async () => {
		metrics = await (await fetch(`${shop.app.ops_url}/metrics`)).text();
		expect(shown("audit_entries_total")).toBe(7);
		expect(shown('nats_consumer_pending_messages{consumer="payment-charge"}')).toBe(0);
		expect(shown('outbox_depth{module="order"}')).toBe(0);
		expect(shown('nats_messages_consumed_total{consumer="order-settle"}')).toBe(1);
		expect(shown('nats_messages_consumed_total{consumer="payment-refund"}')).toBe(1);
		expect(shown('nats_messages_consumed_total{consumer="inventory-release"}')).toBe(1);
	});
	await shop.stop();
	spans = collector.spans().filter((span) => span.traceId === CALLER.trace_id);
});

afterAll(async () => {
	await servers.close();
	await collector.stop();
});

function shown(series: string): number {
	const line = metrics.split("\n").find((it) => it.startsWith(`${series} `));
	return Number(line?.slice(series.length + 1) ?? Number.NaN);
}

describe("after one order that was confirmed and one that was not", () => {
	test.each([
		["orders_accepted_total", 2],
		['orders_rejected_total{reason="400"}', 1],
		["intake_batch_size_count", 2],
		['order_processing_duration_seconds_count{status="confirmed"}', 1],
		['order_processing_duration_seconds_count{status="cancelled"}', 1],
		['nats_messages_published_total{subject="orders.created.v2"}', 2],
		['nats_messages_published_total{subject="inventory.reserved.v1"}', 1],
		['nats_messages_published_total{subject="inventory.rejected.v1"}', 1],
		['nats_messages_published_total{subject="payments.completed.v1"}', 1],
		['nats_messages_published_total{subject="orders.confirmed.v1"}', 1],
		['nats_messages_published_total{subject="orders.cancelled.v1"}', 1],
		['nats_messages_consumed_total{consumer="inventory-reserve"}', 2],
		['nats_messages_consumed_total{consumer="payment-charge"}', 1],
		['nats_messages_consumed_total{consumer="order-settle"}', 1],
		['nats_messages_consumed_total{consumer="order-reject"}', 1],
		['nats_messages_consumed_total{consumer="inventory-release"}', 1],
		['nats_messages_consumed_total{consumer="payment-refund"}', 1],
		['nats_messages_consumed_total{consumer="audit-record"}', 7],
		['message_batch_size_count{consumer="payment-charge"}', 1],
		['http_requests_total{route="/v1/orders",method="post",status="202"}', 2],
		['http_requests_total{route="/v1/orders",method="post",status="400"}', 1],
		['http_request_duration_seconds_count{route="/v1/orders"}', 3],
		["audit_log_size", 7],
		['nats_consumer_lag_seconds{consumer="payment-charge"}', 0],
		['nats_consumer_ack_pending_messages{consumer="payment-charge"}', 0],
	])("%s is %p", (series, value) => {
		expect(shown(series)).toBe(value);
	});

	test("durations are of the order, not of the process", () => {
		const sum = shown('order_processing_duration_seconds_sum{status="confirmed"}');
		expect(sum).toBeWithin(0.001, 10);
	});

	test("no label has a client's text in it", () => {
		expect(metrics).not.toContain(order_id);
		expect(metrics).not.toContain("SKU-1");
	});
});

describe("the trace of an order", () => {
	const byId = () => new Map(spans.map((span) => [span.spanId, span]));
	const path = (span: Span | undefined): string[] =>
		span ? [...path(byId().get(span.parentSpanId ?? "")), span.name] : [];

	test("goes on from the caller's, and every span hangs on it", () => {
		const [root, ...others] = spans.filter((span) => !byId().has(span.parentSpanId ?? ""));
		expect(others).toEqual([]);
		expect(root).toMatchObject({ name: "POST /v1/orders", parentSpanId: CALLER.span_id });
	});

	test("leads from the request through every module to the confirmation", () => {
		const settled = spans.find(({ name }) => name === "publish orders.confirmed.v1");
		expect(path(settled)).toEqual([
			"POST /v1/orders",
			"publish orders.created.v2",
			"process inventory-reserve",
			"publish inventory.reserved.v1",
			"process payment-charge",
			"publish payments.completed.v1",
			"process order-settle",
			"publish orders.confirmed.v1",
		]);
	});

	test("shows that each event was recorded", () => {
		const recorded = spans.filter(({ name }) => name === "process audit-record");
		const parents = recorded.map((span) => byId().get(span.parentSpanId ?? "")?.name);
		expect(parents.sort()).toEqual([
			"publish inventory.reserved.v1",
			"publish orders.confirmed.v1",
			"publish orders.created.v2",
			"publish payments.completed.v1",
		]);
	});

	test("names the order", () => {
		const root = spans.find(({ name }) => name === "POST /v1/orders");
		expect(JSON.stringify(root?.attributes)).toContain(order_id);
	});
});

test("the log is JSON, a line an entry, with level, time and words", () => {
	expect(shop.lines.length).toBeGreaterThan(0);
	for (const line of shop.lines) {
		expect(line).toMatchObject({
			level: expect.stringMatching(/^(debug|info|warn|error)$/),
			time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
			msg: expect.any(String),
		} as object);
	}
	const failures = shop.lines.filter(({ level }) => level === "error");
	expect(failures).toEqual([]);
});
