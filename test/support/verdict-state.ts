import { decodeEntry } from "../../src/contracts/audit-log.ts";
import { contracts, type Subject } from "../../src/contracts/events.ts";
import { openDirectory } from "../../src/object-store/directory-store.ts";
import { readLog } from "../../src/verify/read-log.ts";
import type { Cluster } from "./cluster.ts";

export interface OrderRow {
	readonly order_id: string;
	readonly status: "pending" | "confirmed" | "cancelled";
	readonly reason: string | null;
	readonly total_amount: number;
	readonly currency: string;
}

export interface ChargeRow {
	readonly order_id: string;
	readonly kind: "charge" | "refund";
	readonly state: string;
	readonly amount: number;
	readonly attempts: number;
}

export interface StockRow {
	readonly sku: string;
	readonly received: number;
	readonly available: number;
}

/** An entry of the audit log. */
export interface AuditEntry {
	readonly subject: Subject;
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
	readonly stock: readonly StockRow[];
	/** All money that moved, as the gateway's own books say. */
	readonly ledger: readonly LedgerEntry[];
	readonly audit: readonly AuditEntry[];
}

export async function readState({ sql, gateway, audit_folder }: Cluster): Promise<State> {
	const [orders, charges, stock] = await Promise.all([
		sql.order<OrderRow[]>`
			select order_id, status, reason, total_amount::float8, currency
			from millrace_order.orders`,
		sql.payment<ChargeRow[]>`
			select order_id, kind, state, amount::float8, attempts
			from millrace_payment.charges`,
		sql.inventory<StockRow[]>`
			select sku, received::float8, available::float8 from millrace_inventory.stock`,
	]);
	const books = (await Array.fromAsync(gateway.books(0))).flat();
	const ledger = books.map(({ order_id = "unknown", ...entry }) => ({ order_id, ...entry }));
	return { orders, charges, stock, ledger, audit: await readAudit(audit_folder) };
}

/** The audit log as it lies in its folder, whatever the tables say. */
export async function readAudit(folder: string): Promise<AuditEntry[]> {
	const bundles = await Array.fromAsync(readLog(openDirectory(folder)));
	return bundles.flatMap(({ entries }) => entries.map(readEntry));
}

function readEntry(bytes: Uint8Array): AuditEntry {
	const { subject, data } = decodeEntry(bytes);
	if (!(subject in contracts)) throw new Error(`the audit log has an entry of ${subject}`);
	const { order_id } = JSON.parse(new TextDecoder().decode(data)) as { order_id: string };
	return { subject: subject as Subject, order_id };
}
