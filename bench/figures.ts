import type { OrderRow } from "./database.ts";
import type { Verdict } from "./verdict.ts";

/** What a run gives, as `--json` prints it. Null is what this run or this machine cannot tell. */
export interface Figures {
	/** Orders sent. */
	readonly orders: number;
	/** Answered with 202. */
	readonly accepted: number;
	readonly confirmed: number;
	/** Accepted orders over the time from the first send to the last 202. */
	readonly intake_per_second: number;
	/** Ended orders over the time from the first send to the last end. */
	readonly orders_per_second: number | null;
	/** From when an order was due to be sent to its end in Postgres. */
	readonly latency_ms: { readonly p50: number | null; readonly p99: number | null };
	/** Null when there was no outage. */
	readonly after_outage: AfterOutage | null;
	/** An accepted order. */
	readonly cpu_us_per_order: Readonly<Record<Consumer, number | null>>;
	readonly verdict: Verdict;
}

export const consumers = ["millrace", "nats", "postgres", "sandbox", "generator"] as const;
/** Who uses CPU. */
export type Consumer = (typeof consumers)[number];

/** What became of the orders that waited for the gateway. */
export interface AfterOutage {
	/** From the end of the outage to the end of the first order. */
	readonly first_end_ms: number;
	readonly waited: number;
	/** Of those that waited, from the end of the outage to the end of the last of them. */
	readonly ended_per_second: number;
}

/** @param due_ms when each order was due */
export function outageFigures(
	due_ms: ReadonlyMap<string, number>,
	orders: readonly OrderRow[],
	over_ms: number,
): AfterOutage {
	const ends = orders.flatMap(({ order_id, status, updated_ms }) => {
		const waited = (due_ms.get(order_id) ?? over_ms) < over_ms;
		return waited && status === "confirmed" ? [updated_ms] : [];
	});
	const first_ms = ends.reduce((first, at) => Math.min(first, at), Number.POSITIVE_INFINITY);
	const last_ms = ends.reduce((last, at) => Math.max(last, at), over_ms);
	return {
		first_end_ms: Math.round(first_ms - over_ms),
		waited: ends.length,
		ended_per_second: Math.round(perSecond(ends.length, last_ms - over_ms)),
	};
}

/** How fast orders ended, and how long they took. */
export function endFigures(
	accepted: ReadonlyMap<string, number>,
	orders: readonly OrderRow[],
	first_sent_ms: number,
): Pick<Figures, "orders_per_second" | "latency_ms"> {
	const ended = orders.filter(({ status }) => status !== "pending");
	if (ended.length === 0) return { orders_per_second: null, latency_ms: { p50: null, p99: null } };
	let last_ms = first_sent_ms;
	for (const { updated_ms } of ended) last_ms = Math.max(last_ms, updated_ms);
	const waits = ended.flatMap(({ order_id, updated_ms }) => {
		const due_ms = accepted.get(order_id);
		return due_ms === undefined ? [] : [updated_ms - due_ms];
	});
	const sorted = Float64Array.from(waits).sort();
	return {
		orders_per_second: Math.round(perSecond(ended.length, last_ms - first_sent_ms)),
		latency_ms: { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) },
	};
}

export function perSecond(count: number, duration_ms: number): number {
	return duration_ms > 0 ? (count * 1_000) / duration_ms : 0;
}

/** Nearest rank, to a tenth. */
function percentile(sorted: Float64Array, share: number): number | null {
	const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
	return value === undefined ? null : Math.round(value * 10) / 10;
}
