import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StockLine } from "../contracts/inventory-events.ts";
import type { LoggedEvent } from "./read-events.ts";
import { stepOf } from "./step-of.ts";
import { type Refunded, type StepName, type Steps, stepNames, type Told } from "./told.ts";

/** The log tells two ends of one thing. */
export interface Contradiction {
	readonly order_id: string;
	readonly log_index: number;
	readonly step: StepName;
	readonly first: string;
	readonly then: string;
}

interface Row extends Record<StepName, string | null> {
	readonly order_id: string;
}

interface RefundRow {
	readonly order_id: string;
	readonly refund: string;
}

export type RebuiltStore = ReturnType<typeof openRebuiltStore>;

const SCHEMA = `
	pragma journal_mode = off;
	pragma synchronous = off;
	pragma locking_mode = exclusive;
	pragma cache_size = -65536;
	create table orders (
		order_id text primary key, ${stepNames.map((name) => `${name} text`).join(", ")}
	) without rowid;
	create table refunds (
		order_id text, refund_id text, refund text, primary key (order_id, refund_id)
	) without rowid;`;

/**
 * The fresh database that the log is replayed into: a file of its own for as long as the replay takes. Events
 * of different streams stand in the log in any order, so that each only adds what it tells.
 */
export function openRebuiltStore() {
	const folder = mkdtempSync(join(tmpdir(), "millrace-replay-"));
	const database = new Database(join(folder, "rebuilt.sqlite"), { create: true, strict: true });
	database.run(SCHEMA);
	const orders = Object.fromEntries(
		stepNames.map((name) => [
			name,
			database.prepare<unknown, [string, string]>(`
				insert into orders (order_id, ${name}) values (?, ?)
				on conflict (order_id) do update set ${name} = excluded.${name} where ${name} is null`),
		]),
	) as Record<StepName, ReturnType<typeof database.prepare<unknown, [string, string]>>>;
	const refunds = database.prepare<unknown, [string, string, string]>(
		"insert into refunds values (?, ?, ?) on conflict do nothing",
	);
	const one = database.prepare<Row, [string]>("select * from orders where order_id = ?");
	const some = database.prepare<Row, [string, number]>(
		"select * from orders where order_id > ? order by order_id limit ?",
	);
	const refundsUntil = database.prepare<RefundRow, [string, string]>(
		"select order_id, refund from refunds where order_id > ? and order_id <= ? order by order_id, refund_id",
	);
	const refundsOf = database.prepare<RefundRow, [string]>(
		"select order_id, refund from refunds where order_id = ? order by refund_id",
	);
	const idsAfter = database.prepare<{ order_id: string }, [string, number]>(
		"select order_id from orders where order_id > ? order by order_id limit ?",
	);
	const refundsAfter = database.prepare<{ order_id: string }, [string, number]>(
		"select distinct order_id from refunds where order_id > ? order by order_id limit ?",
	);
	const held = new Map<string, number>();
	let repeated = 0;
	const contradictions: Contradiction[] = [];

	function move(lines: readonly StockLine[], sign: 1 | -1) {
		for (const { sku, quantity } of lines) held.set(sku, (held.get(sku) ?? 0) + sign * quantity);
	}

	function add<N extends StepName>(order_id: string, name: N, step: Steps[N]) {
		if (orders[name].run(order_id, JSON.stringify(step)).changes > 0) {
			if (name === "decided") move((step as Steps["decided"]).lines, 1);
			if (name === "released") move((step as Steps["released"]).lines, -1);
			return;
		}
		repeated += 1;
		const before = JSON.parse(one.get(order_id)?.[name] ?? "null") as { outcome?: string };
		const [first = "", then = ""] = [before.outcome, (step as { outcome?: string }).outcome];
		const { log_index } = step;
		if (first !== then) contradictions.push({ order_id, log_index, step: name, first, then });
	}

	const takeAll = database.transaction((events: readonly LoggedEvent[]) => {
		for (const event of events) {
			const found = stepOf(event);
			if (found === undefined) continue;
			const { order_id } = found;
			if (found.name !== "refunded") add(order_id, found.name, found.step as Steps[StepName]);
			else if (
				refunds.run(order_id, found.step.refund_id, JSON.stringify(found.step)).changes === 0
			)
				repeated += 1;
		}
	});

	return {
		/** Pieces that reservations hold by what the log tells, by SKU. */
		held: held as ReadonlyMap<string, number>,
		contradictions: contradictions as readonly Contradiction[],
		/** Events that were in the log before. */
		get repeated() {
			return repeated;
		},
		take: (events: readonly LoggedEvent[]) => takeAll(events),

		/** The ids of the first orders behind `after`. */
		ids(after: string, rows_max: number): string[] {
			const found = [...idsAfter.all(after, rows_max), ...refundsAfter.all(after, rows_max)];
			return [...new Set(found.map(({ order_id }) => order_id))].sort().slice(0, rows_max);
		},

		/** What is told of the orders behind `after`, up to and with `until`. */
		range(after: string, until: string, rows_max: number): Map<string, Told> {
			const told = new Map<string, Told>();
			for (const row of some.all(after, rows_max))
				if (row.order_id <= until) told.set(row.order_id, toTold(row, []));
			for (const { order_id, refund } of refundsUntil.all(after, until))
				addRefund(told, order_id, JSON.parse(refund));
			return told;
		},

		find(order_id: string): Told | undefined {
			const row = one.get(order_id);
			const refunds = refundsOf.all(order_id).map(({ refund }) => JSON.parse(refund) as Refunded);
			return row === null && refunds.length === 0 ? undefined : toTold(row, refunds, order_id);
		},

		close() {
			database.close();
			rmSync(folder, { recursive: true, force: true });
		},
	};
}

function addRefund(told: Map<string, Told>, order_id: string, refund: Refunded) {
	const before = told.get(order_id) ?? { order_id, refunds: [] };
	told.set(order_id, { ...before, refunds: [...before.refunds, refund] });
}

function toTold(
	row: Row | null,
	refunds: readonly Refunded[],
	order_id = row?.order_id ?? "",
): Told {
	const steps = stepNames.flatMap((name) => {
		const text = row?.[name];
		return text ? [[name, JSON.parse(text)]] : [];
	});
	return { order_id, refunds, ...(Object.fromEntries(steps) as Partial<Steps>) };
}
