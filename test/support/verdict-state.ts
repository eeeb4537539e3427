import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
	BUNDLE_WIDTH,
	bundlePath,
	decodeBundle,
	decodeEntry,
} from "../../src/contracts/audit-log.ts";
import { contracts, type Subject } from "../../src/contracts/events.ts";
import type { Cluster } from "./cluster.ts";

export interface OrderRow {
	readonly order_id: string;
	readonly status: "pending" | "confirmed" | "cancelled";
	readonly reason: string | null;
	readonly total_amount: number;
	readonly currency: string;
	readonly idempotency_key: string | null;
}

export interface ChargeRow {
	readonly order_id: string;
	readonly kind: "charge" | "refund";
	readonly charge_id: string;
	readonly state: string;
	readonly amount: number;
	readonly attempts: number;
}

export interface ReservationRow {
	readonly order_id: string;
	readonly status: "held" | "rejected" | "released";
	readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
}

export interface StockRow {
	readonly sku: string;
	readonly received: number;
	readonly available: number;
}

/** An entry of the audit log; `message_id` is undefined when it was published without one. */
export interface AuditEntry {
	readonly subject: Subject;
	readonly message_id: string | undefined;
	readonly order_id: string;
}

/** Money that moved once. */
export interface LedgerEntry {
	readonly kind: "charge" | "refund";
	readonly order_id: string;
	/** The gateway's own. */
	readonly reference: string;
	readonly amount: number;
	readonly currency: string;
}

/** All that a millrace has written down anywhere. */
export interface State {
	readonly orders: readonly OrderRow[];
	readonly charges: readonly ChargeRow[];
	readonly reservations: readonly ReservationRow[];
	readonly stock: readonly StockRow[];
	/** All money that moved, as the gateway's own books say. */
	readonly ledger: readonly LedgerEntry[];
	readonly audit: readonly AuditEntry[];
	/** Entries that the audit's tables know of. */
	readonly audit_size: number;
}

export async function readState({ sql, gateway, audit_folder }: Cluster): Promise<State> {
	const [orders, charges, reservations, stock, size] = await Promise.all([
		sql.order<OrderRow[]>`
			select order_id, status, reason, total_amount::float8, currency, idempotency_key
			from millrace_order.orders`,
		sql.payment<ChargeRow[]>`
			select order_id, kind, charge_id, state, amount::float8, attempts
			from millrace_payment.charges`,
		sql.inventory<ReservationRow[]>`
			select order_id, status, lines from millrace_inventory.reservations`,
		sql.inventory<StockRow[]>`
			select sku, received::float8, available::float8 from millrace_inventory.stock`,
		sql.audit<{ size: number }[]>`select size::float8 from millrace_audit.log`,
	]);
	const books = (await Array.fromAsync(gateway.books(0))).flat();
	const ledger = books.map(({ order_id = "unknown", ...entry }) => ({ order_id, ...entry }));
	const audit = readAudit(audit_folder);
	return { orders, charges, reservations, stock, ledger, audit, audit_size: size[0]?.size ?? 0 };
}

const MESSAGE_ID = /\r\nNats-Msg-Id: ([^\r]*)\r\n/;

/** The audit log as it lies in its folder, whatever the tables say. */
export function readAudit(folder: string): AuditEntry[] {
	const entries: AuditEntry[] = [];
	for (let index = 0; ; index += 1) {
		const bundle = readBundle(folder, index);
		for (const bytes of bundle) entries.push(readEntry(bytes));
		if (bundle.length < BUNDLE_WIDTH) return entries;
	}
}

function readBundle(folder: string, index: number): Uint8Array[] {
	const full = join(folder, bundlePath(index));
	if (existsSync(full)) return decodeBundle(readFileSync(full));
	const partial = `${full}.p`;
	const widths = existsSync(partial) ? readdirSync(partial).map(Number) : [];
	if (widths.length === 0) return [];
	return decodeBundle(readFileSync(join(partial, `${Math.max(...widths)}`)));
}

function readEntry(bytes: Uint8Array): AuditEntry {
	const { subject, headers, data } = decodeEntry(bytes);
	if (!(subject in contracts)) throw new Error(`the audit log has an entry of ${subject}`);
	const text = new TextDecoder();
	const { order_id } = JSON.parse(text.decode(data)) as { order_id: string };
	const message_id = MESSAGE_ID.exec(text.decode(headers))?.[1];
	return { subject: subject as Subject, message_id, order_id };
}
