import { Registry } from "prom-client";
import { addProcessMetrics } from "./process-metrics.ts";
import { createSeries } from "./series.ts";

/** Seconds; from one hop that has nothing to wait for to an order that waited out an outage. */
const ORDER_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Seconds; an answer of the intake takes a few milliseconds. */
const HTTP_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];
/** Seconds; from a sandbox beside us to the longest time-out. */
const GATEWAY_SECONDS = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const BATCH_SIZES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/**
 * What millrace counts, ready to be counted. Batches count once: `published.inc({ subject }, 500)`.
 * A place that always counts the same labels binds them: `consumed.with({ consumer })`.
 */
export type Metrics = ReturnType<typeof createMetrics>;

/** A set of metrics with a registry of its own. */
export function createMetrics() {
	const registry = new Registry();
	const series = createSeries(registry);
	addProcessMetrics(registry);
	return {
		...delivery(series),
		...outbox(series),
		...orders(series),
		...gateway(series),
		...http(series),
		...audit(series),
		...money(series),
		...verify(series),
		/** The content type of what `render` gives. */
		content_type: registry.contentType,
		/** Everything as Prometheus' text format. */
		render: (): Promise<string> => registry.metrics(),
	};
}

type Series = ReturnType<typeof createSeries>;

const delivery = (series: Series) => ({
	published: series.counters({
		name: "nats_messages_published_total",
		help: "Messages the broker acknowledged, by subject.",
		labels: ["subject"],
	}),
	consumed: series.counters({
		name: "nats_messages_consumed_total",
		help: "Messages taken from the broker, redelivered ones counted again.",
		labels: ["consumer"],
	}),
	batch_size: series.histograms({
		name: "message_batch_size",
		help: "Messages a handler took at once.",
		labels: ["consumer"],
		buckets: BATCH_SIZES,
	}),
	attempts: series.counters({
		name: "message_attempts_total",
		help: "Attempts that failed for a reason of the message's own, by their number.",
		labels: ["consumer", "attempt"],
	}),
	dead_letters: series.counters({
		name: "dead_letters_total",
		help: "Messages given up and parked for an operator.",
		labels: ["module", "reason"],
	}),
	pending: series.gauges({
		name: "nats_consumer_pending_messages",
		help: "Messages the consumer has not been given yet.",
		labels: ["consumer"],
	}),
	ack_pending: series.gauges({
		name: "nats_consumer_ack_pending_messages",
		help: "Messages given out and not acknowledged yet.",
		labels: ["consumer"],
	}),
	consumer_paused: series.gauges({
		name: "millrace_consumer_paused",
		help: "1 while the consumer is paused for all replicas, 0 while it is not.",
		labels: ["consumer"],
	}),
	lag: series.gauges({
		name: "nats_consumer_lag_seconds",
		help: "Age of the oldest message the consumer has not finished.",
		labels: ["consumer"],
	}),
});

const outbox = (series: Series) => ({
	outbox_depth: series.gauges({
		name: "outbox_depth",
		help: "Rows in the outbox, each a batch of events.",
		labels: ["module"],
	}),
	outbox_events_waiting: series.gauges({
		name: "outbox_events_waiting",
		help: "Committed events that are not published yet.",
		labels: ["module"],
	}),
});

const orders = (series: Series) => ({
	orders_accepted: series.counter("orders_accepted_total", "Orders answered with 202."),
	orders_rejected: series.counters({
		name: "orders_rejected_total",
		help: "Orders refused at the intake.",
		labels: ["reason"],
	}),
	intake_batch_size: series.histogram(
		"intake_batch_size",
		"Orders written with one statement.",
		BATCH_SIZES,
	),
	order_duration: series.histograms({
		name: "order_processing_duration_seconds",
		help: "From acceptance to the end of an order, confirmed or cancelled; once an order.",
		labels: ["status"],
		buckets: ORDER_SECONDS,
	}),
	errors: series.counters({
		name: "order_processing_errors_total",
		help: "Messages or requests that failed for a reason of ours.",
		labels: ["module", "reason"],
	}),
});

const gateway = (series: Series) => ({
	gateway_calls: series.counters({
		name: "millrace_gateway_calls_total",
		help: "Calls of the payment gateway, by what came of them.",
		labels: ["kind", "result"],
	}),
	gateway_duration: series.histograms({
		name: "millrace_gateway_call_seconds",
		help: "From the beginning of a call of the payment gateway to its answer.",
		labels: ["kind"],
		buckets: GATEWAY_SECONDS,
	}),
	gateway_in_flight: series.gauge(
		"millrace_gateway_in_flight",
		"Calls of the payment gateway that are under way.",
	),
	gateway_limit: series.gauge(
		"millrace_gateway_limit",
		"Calls of the payment gateway that may be under way at once.",
	),
	gateway_breaker: series.gauge(
		"millrace_gateway_breaker",
		"Whether calls of the payment gateway are held back: 0 no, 1 one call tries, 2 yes.",
	),
});

const http = (series: Series) => ({
	http_requests: series.counters({
		name: "http_requests_total",
		help: "Requests answered.",
		labels: ["route", "method", "status"],
	}),
	http_duration: series.histograms({
		name: "http_request_duration_seconds",
		help: "From the request's arrival to its answer.",
		labels: ["route"],
		buckets: HTTP_SECONDS,
	}),
});

const audit = (series: Series) => ({
	audit_entries: series.counter("audit_entries_total", "Entries this process added to the log."),
	audit_size: series.gauge("audit_log_size", "Entries in the log."),
	audit_conflicts: series.counter(
		"millrace_audit_conflicts_total",
		"Times that the log's store held something else than what was written or signed.",
	),
});

const money = (series: Series) => ({
	charges_open: series.gauges({
		name: "millrace_charges_open",
		help: "Charges and refunds that the resolver or a person still has to end, by their state.",
		labels: ["state"],
	}),
	charges_open_age: series.gauges({
		name: "millrace_charges_open_age_seconds",
		help: "Age of the oldest open charge or refund in that state.",
		labels: ["state"],
	}),
});

const verify = (series: Series) => ({
	verify_findings: series.gauges({
		name: "millrace_verify_findings",
		help: "What the last verification found wrong, by its kind.",
		labels: ["finding"],
	}),
	verify_last_run: series.gauge(
		"millrace_verify_last_run_timestamp_seconds",
		"When the last verification ended; only in the process that verifies.",
	),
	verify_orders: series.gauge("millrace_verify_orders", "Orders that the last verification saw."),
});
