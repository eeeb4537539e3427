import { readFileSync } from "node:fs";
import type { Cluster } from "./cluster.ts";
import type { Journal } from "./cluster-load.ts";
import { judge, type Verdict } from "./verdict.ts";
import { readState, type State } from "./verdict-state.ts";
import { eventually } from "./wait.ts";

/** The work that faults made and that left no trace in the outcome. */
export interface Absorbed {
	/** Deliveries beyond the first of each message, as far as they were answered. */
	readonly redeliveries: number;
	/** Events that a sweep found in an outbox after their writer had gone. */
	readonly swept_events: number;
	/** Charges and refunds claimed more than once. */
	readonly claimed_again: number;
	/** Requests answered with an order that an earlier try had placed. */
	readonly replayed: number;
}

export interface Conclusion {
	readonly verdict: Verdict;
	readonly absorbed: Absorbed;
	readonly state: State;
}

/** What was delivered too slowly comes again: a machine with much else to do takes its time. */
const REST_MS_MAX = 120_000;

/** Resolves when every order has ended, everything is published and handled, and the audit log has it all. */
export async function atRest(cluster: Cluster, timeout_ms = REST_MS_MAX): Promise<void> {
	let before = "";
	await eventually(
		async () => {
			const open = await whatIsOpen(cluster);
			const { last } = await cluster.broker.progress();
			const now = JSON.stringify(last);
			const moved = now !== before;
			before = now;
			if (open.length > 0) throw new Error(`not at rest: ${open.join(", ")}`);
			if (moved) throw new Error("not at rest: events are coming in");
		},
		{ timeout_ms },
	);
}

async function whatIsOpen({ sql, broker }: Cluster): Promise<string[]> {
	const [pending, charges, order, inventory, payment, positions, progress] = await Promise.all([
		sql.order<{ n: number }[]>`
			select count(*)::int as n from millrace_order.orders where status = 'pending'`,
		sql.payment<{ n: number }[]>`
			select count(*)::int as n from millrace_payment.charges
			where state in ('pending', 'in_flight', 'unknown')
				or attention_at is not null and state <> 'manual'`,
		sql.order<{ n: number }[]>`select count(*)::int as n from millrace_order.outbox`,
		sql.inventory<{ n: number }[]>`select count(*)::int as n from millrace_inventory.outbox`,
		sql.payment<{ n: number }[]>`select count(*)::int as n from millrace_payment.outbox`,
		sql.audit<{ stream: string; sequence: number }[]>`
			select stream, sequence::float8 from millrace_audit.positions`,
		broker.progress(),
	]);
	const recorded = new Map(positions.map(({ stream, sequence }) => [stream, sequence]));
	const open = {
		"pending orders": pending[0]?.n ?? 0,
		"open charges": charges[0]?.n ?? 0,
		"outbox rows of order": order[0]?.n ?? 0,
		"outbox rows of inventory": inventory[0]?.n ?? 0,
		"outbox rows of payment": payment[0]?.n ?? 0,
		"messages not acknowledged": progress.open,
		...Object.fromEntries(
			Object.entries(progress.last).map(([stream, last]) => [
				`events of ${stream} not recorded`,
				last - (recorded.get(stream) ?? 0),
			]),
		),
	};
	return Object.entries(open).flatMap(([what, n]) => (n === 0 ? [] : [`${n} ${what}`]));
}

/** Waits for rest, judges, and prints one line of JSON about the run. */
export async function conclude(
	cluster: Cluster,
	name: string,
	journal: Pick<Journal, "accepted"> & Partial<Journal>,
	run: Readonly<Record<string, unknown>>,
): Promise<Conclusion> {
	const from_ms = performance.now();
	await atRest(cluster);
	const state = await readState(cluster);
	const verdict = await judge(cluster, journal);
	const absorbed: Absorbed = {
		redeliveries: await cluster.broker.redeliveries(),
		swept_events: sweptEvents(cluster),
		claimed_again: state.charges.filter(({ attempts }) => attempts > 1).length,
		replayed: journal.replayed ?? 0,
	};
	const line = {
		test: name,
		orders: journal.accepted.size,
		...run,
		absorbed,
		broken: { ...numbersOf(verdict), ...verdict.findings },
		audit_entries: state.audit.length,
		rest_ms: Math.round(performance.now() - from_ms),
	};
	process.stdout.write(`${JSON.stringify(line)}\n`);
	return { verdict, absorbed, state };
}

function numbersOf({ invented, not_ended }: Verdict) {
	return { ...(invented !== 0 && { invented }), ...(not_ended !== 0 && { not_ended }) };
}

export function sweptEvents(cluster: Cluster): number {
	return sumOf(cluster, "swept", "events");
}

/** What modules gave back to streams that may have lost something. */
export function publishedAgain(cluster: Cluster): number {
	return sumOf(cluster, "a stream may have lost events", "published");
}

/** @param begin of the message of each log line that counts */
function sumOf<F extends string>({ processes }: Cluster, begin: string, field: F): number {
	let sum = 0;
	for (const { log_file } of processes) {
		for (const line of readFileSync(log_file, "utf8").split("\n")) {
			if (!line.includes(`"msg":"${begin}`)) continue;
			sum += (JSON.parse(line) as Record<F, number>)[field];
		}
	}
	return sum;
}
