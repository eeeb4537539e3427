import { FORGOTTEN } from "../transparency/unseal.ts";
import { type LiveOrder, type LiveRow, liveRows } from "./live-rows.ts";
import type { OpenField } from "./open-fields.ts";
import { type RebuiltRow, rebuildOrder, type Table, type Value } from "./rebuild-order.ts";
import type { Told } from "./told.ts";

/** Where the log and a table part. */
export interface Difference {
	/** The table and its column; `row` where a whole row is missing; `log` where the log contradicts itself. */
	readonly kind: string;
	readonly order_id?: string;
	readonly sku?: string;
	readonly refund_id?: string;
	/** Of the event that told the field; null where no event told of it. */
	readonly log_index: number | null;
	readonly in_log: Value;
	readonly in_database: Value;
}

/** Tokens are in the log and in the table, and have no place on a screen. */
const HIDDEN = new Set(["payment_token"]);

/** Compares every field that the log tells of an order with the tables. What is forgotten agrees with anything. */
export function compareOrder(
	order_id: string,
	told: Told | undefined,
	live: LiveOrder | undefined,
	open: OpenField,
): Difference[] {
	const { rows, maybe_charge } = rebuildOrder(told ?? { order_id, refunds: [] });
	const found = live === undefined ? [] : liveRows(live);
	const differences = rows.flatMap((row) => compareRow(order_id, row, findRow(found, row), open));
	for (const row of found) {
		if (findRow(rows, row) !== undefined) continue;
		differences.push(...judgeUntold(order_id, row, maybe_charge, told));
	}
	return differences;
}

function compareRow(
	order_id: string,
	row: RebuiltRow,
	live: LiveRow | undefined,
	open: OpenField,
): Difference[] {
	const { table, refund_id, fields } = row;
	const named = { order_id, ...(refund_id && { refund_id }) };
	if (live === undefined) {
		const log_index = Math.min(...fields.map((field) => field.log_index));
		return [{ kind: `${table}.row`, ...named, log_index, in_log: "there", in_database: "missing" }];
	}
	return fields.flatMap((field) => {
		const { name, log_index } = field;
		const value = open(order_id, field);
		const other = live.values[name] ?? null;
		if (other === value || value === FORGOTTEN) return [];
		const [in_log, in_database] = HIDDEN.has(name) ? ["hidden", "another"] : [value, other];
		return [{ kind: `${table}.${name}`, ...named, log_index, in_log, in_database }];
	});
}

/** A row of which the log tells nothing: wrong unless it is of money that nobody knows the end of. */
function judgeUntold(
	order_id: string,
	{ table, refund_id, values }: LiveRow,
	maybe_charge: boolean,
	told: Told | undefined,
): Difference[] {
	const state = values.state ?? null;
	const isOpen = state === "unsettled";
	if (isOpen && (table === "refunds" || (table === "charges" && maybe_charge))) return [];
	const named = { order_id, ...(refund_id && { refund_id }), log_index: lastIndex(told) };
	if (table === "refunds" || (table === "charges" && maybe_charge))
		return [{ kind: `${table}.state`, ...named, in_log: "unsettled", in_database: state }];
	return [{ kind: `${table}.row`, ...named, in_log: "missing", in_database: "there" }];
}

/** The last event about the order: the one that should tell has to stand behind it. */
function lastIndex(told: Told | undefined): number | null {
	if (told === undefined) return null;
	const { created, ended, decided, released, settled, refunds } = told;
	const steps = [created, ended, decided, released, settled, ...refunds];
	const indexes = steps.flatMap((step) => step?.log_index ?? []);
	return indexes.length === 0 ? null : Math.max(...indexes);
}

function findRow<T extends { readonly table: Table; readonly refund_id?: string }>(
	rows: readonly T[],
	{ table, refund_id }: { readonly table: Table; readonly refund_id?: string },
): T | undefined {
	return rows.find((row) => row.table === table && row.refund_id === refund_id);
}

/** When anything about the order was last written; undefined when no table knows of it. */
export function lastWritten(live: LiveOrder | undefined): number | undefined {
	if (live === undefined) return undefined;
	const rows = [live.order, live.reservation, ...live.charges];
	return Math.max(...rows.flatMap((row) => row?.updated_ms ?? []));
}
