import { join } from "node:path";
import { readLedger } from "../src/gateway/in-process-gateway.ts";
import { auditEvents } from "./audit-events.ts";
import type { BenchDatabase, OrderRow } from "./database.ts";
import { countAuditMissing, countChargedTwice, countLost, type Verdict } from "./verdict.ts";

/** Where the truth is looked for. */
export interface Stores {
	readonly database: BenchDatabase;
	/** All orders in Postgres. */
	readonly rows: readonly OrderRow[];
	/** Holds the gateway's ledger and the audit log. */
	readonly data_folder: string;
	/** False when only the order role ran: then nothing ends, and there is nothing else to count. */
	readonly ends: boolean;
}

/**
 * Counts in the stores what went wrong.
 * @param accepted ids of all orders that were answered with 202
 */
export async function judge({
	database,
	rows,
	data_folder,
	ends,
	accepted,
}: Stores & { readonly accepted: readonly string[] }): Promise<Verdict> {
	const orders = new Map(rows.map((row) => [row.order_id, row]));
	const lost = countLost(accepted, orders, ends);
	if (!ends) return { lost, charged_twice: null, oversold: null, audit_missing: null };
	return {
		lost,
		charged_twice: countChargedTwice(orders, readLedger(join(data_folder, "gateway"))),
		oversold: await database.oversold(),
		audit_missing: countAuditMissing(orders, auditEvents(join(data_folder, "audit"))),
	};
}
