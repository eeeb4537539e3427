import { describe, expect, test } from "bun:test";
import { createMetrics, type Metrics } from "./metrics.ts";
import { series_max } from "./series.ts";

/** The value of one series as a scrape shows it: `name` or `name{label="value"}`. */
async function scrape(metrics: Metrics, series: string): Promise<number | undefined> {
	const line = (await metrics.render()).split("\n").find((line) => line.startsWith(`${series} `));
	return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

async function names(metrics: Metrics): Promise<string[]> {
	const text = await metrics.render();
	return [...text.matchAll(/^# TYPE (\S+) /gm)].map((match) => match[1] ?? "").sort();
}

test("the names are kept, since dashboards and alerts read them", async () => {
	expect(await names(createMetrics())).toEqual([
		"audit_entries_total",
		"audit_log_size",
		"bun_info",
		"dead_letters_total",
		"http_request_duration_seconds",
		"http_requests_total",
		"intake_batch_size",
		"message_attempts_total",
		"message_batch_size",
		"millrace_audit_conflicts_total",
		"millrace_charges_open",
		"millrace_charges_open_age_seconds",
		"millrace_consumer_paused",
		"millrace_gateway_breaker",
		"millrace_gateway_call_seconds",
		"millrace_gateway_calls_total",
		"millrace_gateway_in_flight",
		"millrace_gateway_limit",
		"millrace_verify_findings",
		"millrace_verify_last_run_timestamp_seconds",
		"millrace_verify_orders",
		"nats_consumer_ack_pending_messages",
		"nats_consumer_lag_seconds",
		"nats_consumer_pending_messages",
		"nats_messages_consumed_total",
		"nats_messages_published_total",
		"nodejs_eventloop_lag_max_seconds",
		"nodejs_eventloop_lag_p50_seconds",
		"nodejs_eventloop_lag_p99_seconds",
		"order_processing_duration_seconds",
		"order_processing_errors_total",
		"orders_accepted_total",
		"orders_rejected_total",
		"outbox_depth",
		"outbox_events_waiting",
		"process_cpu_seconds_total",
		"process_cpu_system_seconds_total",
		"process_cpu_user_seconds_total",
		"process_resident_memory_bytes",
		"process_start_time_seconds",
	]);
});

test("the text is Prometheus' format", async () => {
	const metrics = createMetrics();
	metrics.published.inc({ subject: "orders.created.v2" });
	expect(metrics.content_type).toBe("text/plain; version=0.0.4; charset=utf-8");
	for (const line of (await metrics.render()).trim().split("\n")) {
		expect(line).toMatch(/^($|# (HELP|TYPE) \w+ \S.*|\w+(\{\w+=".*"(,\w+=".*")*\})? [\d.e+-]+)$/);
	}
});

describe("counting", () => {
	test("adds a batch at once, by label", async () => {
		const metrics = createMetrics();
		metrics.published.inc({ subject: "orders.created.v2" }, 500);
		metrics.published.inc({ subject: "orders.created.v2" });
		metrics.published.with({ subject: "orders.confirmed.v1" }).inc(7);
		const name = "nats_messages_published_total";
		expect(await scrape(metrics, `${name}{subject="orders.created.v2"}`)).toBe(501);
		expect(await scrape(metrics, `${name}{subject="orders.confirmed.v1"}`)).toBe(7);
	});

	test("keeps sets of several labels apart, whatever the order they are given in", async () => {
		const metrics = createMetrics();
		metrics.http_requests.inc({ route: "/v1/orders", method: "POST", status: 202 }, 3);
		metrics.http_requests.inc({ status: "202", method: "POST", route: "/v1/orders" }, 2);
		metrics.http_requests.inc({ route: "/v1/orders", method: "POST", status: 422 });
		metrics.http_requests.inc({ route: "/v1/orders", method: "GET", status: 202 });
		const name = 'http_requests_total{route="/v1/orders"';
		expect(await scrape(metrics, `${name},method="POST",status="202"}`)).toBe(5);
		expect(await scrape(metrics, `${name},method="POST",status="422"}`)).toBe(1);
		expect(await scrape(metrics, `${name},method="GET",status="202"}`)).toBe(1);
	});

	test("shows a bound counter before its first event", async () => {
		const metrics = createMetrics();
		metrics.dead_letters.with({ module: "payment", reason: "exhausted" });
		const series = 'dead_letters_total{module="payment",reason="exhausted"}';
		expect(await scrape(metrics, series)).toBe(0);
	});

	test("refuses to count down", () => {
		expect(() => createMetrics().orders_accepted.inc(-1)).toThrow();
	});

	test("joins label sets beyond the limit", async () => {
		const metrics = createMetrics();
		for (let i = 0; i < series_max + 3; i++) metrics.orders_rejected.inc({ reason: `r${i}` }, 2);
		metrics.orders_rejected.inc({ reason: "r0" });
		expect(await scrape(metrics, 'orders_rejected_total{reason="r0"}')).toBe(3);
		expect(await scrape(metrics, 'orders_rejected_total{reason="other"}')).toBe(6);
		const lines = (await metrics.render()).match(/^orders_rejected_total\{/gm);
		expect(lines).toHaveLength(series_max + 1);
	});
});

test("an order's duration falls into its bucket", async () => {
	const metrics = createMetrics();
	metrics.order_duration.observe({ status: "confirmed" }, 0.06);
	metrics.order_duration.observe({ status: "confirmed" }, 61);
	const name = "order_processing_duration_seconds";
	const bucket = (le: string) => scrape(metrics, `${name}_bucket{le="${le}",status="confirmed"}`);
	expect(await bucket("0.005")).toBe(0);
	expect(await bucket("0.05")).toBe(0);
	expect(await bucket("0.1")).toBe(1);
	expect(await bucket("60")).toBe(1);
	expect(await bucket("+Inf")).toBe(2);
	expect(await scrape(metrics, `${name}_count{status="confirmed"}`)).toBe(2);
});

test("a gauge shows what was set last, and nothing before", async () => {
	const metrics = createMetrics();
	expect(await scrape(metrics, "audit_log_size")).toBeUndefined();
	metrics.audit_size.set(12);
	metrics.pending.set({ consumer: "payment-charge" }, 9);
	metrics.pending.set({ consumer: "payment-charge" }, 0);
	expect(await scrape(metrics, "audit_log_size")).toBe(12);
	const series = 'nats_consumer_pending_messages{consumer="payment-charge"}';
	expect(await scrape(metrics, series)).toBe(0);
});

test("two sets in one process do not mix", async () => {
	const [one, other] = [createMetrics(), createMetrics()];
	one.orders_accepted.inc(5);
	expect(await scrape(one, "orders_accepted_total")).toBe(5);
	expect(await scrape(other, "orders_accepted_total")).toBe(0);
});

describe("of the process", () => {
	test("memory, processor time and version are the real ones", async () => {
		const metrics = createMetrics();
		const rss = (await scrape(metrics, "process_resident_memory_bytes")) ?? 0;
		expect(rss / process.memoryUsage.rss()).toBeWithin(0.5, 2);
		const before = (await scrape(metrics, "process_cpu_seconds_total")) ?? 0;
		burn(50);
		const after = (await scrape(metrics, "process_cpu_seconds_total")) ?? 0;
		expect(after - before).toBeWithin(0.01, 5);
		expect(await scrape(metrics, `bun_info{version="${Bun.version}"}`)).toBe(1);
		const start = (await scrape(metrics, "process_start_time_seconds")) ?? 0;
		expect(Date.now() / 1000 - start).toBeWithin(-1, 3_600);
	});

	test("a blocked event loop shows once", async () => {
		const metrics = createMetrics();
		const longest = async () => (await scrape(metrics, "nodejs_eventloop_lag_max_seconds")) ?? 0;
		await until(async () => (await longest()) > 0);
		burn(200);
		await until(async () => (await longest()) > 0.1);
		await until(async () => (await longest()) < 0.1);
	});
});

function burn(ms: number): void {
	const end = performance.now() + ms;
	while (performance.now() < end);
}

/** Lets the event loop turn until `done` says so; the test's own time limit ends it. */
async function until(done: () => Promise<boolean>): Promise<void> {
	while (!(await done())) await new Promise(setImmediate);
}
