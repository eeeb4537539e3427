import postgres from "postgres";

/** An order as Postgres has it. */
export interface OrderRow {
	readonly order_id: string;
	readonly status: "pending" | "confirmed" | "cancelled";
	readonly reason: string | null;
	/** Milliseconds since the epoch, with fraction. */
	readonly updated_ms: number;
}

/** How many orders are in one state. */
export interface OrderState extends Pick<OrderRow, "status" | "reason"> {
	readonly count: number;
}

/** What the benchmark asks the database of the modules. */
export type BenchDatabase = ReturnType<typeof openBenchDatabase>;

/** @param url of the database that holds the tables of all modules that run */
export function openBenchDatabase(url: string) {
	const sql = postgres(url, { max: 1, onnotice() {} });
	return {
		/**
		 * Orders that have not ended, looked for from `order_id` on: ids grow with time, so that asking
		 * again costs only what is still open.
		 */
		async pending(from: string): Promise<{ count: number; first: string | undefined }> {
			const [row] = await sql<[{ count: number; first: string | null }]>`
				select count(*)::int as count, min(order_id) as first from millrace_order.orders
				where order_id >= ${from} and status = 'pending'`;
			return { count: row.count, first: row.first ?? undefined };
		},

		/** Events of the order module that are not published yet, as rows of its outbox. */
		async unpublished(): Promise<number> {
			const [row] = await sql<[{ count: number }]>`
				select count(*)::int as count from millrace_order.outbox`;
			return row.count;
		},

		/** Entries that the audit log says it has. */
		async auditSize(): Promise<number> {
			const [row] = await sql<{ size: number }[]>`
				select size::int as size from millrace_audit.log`;
			return row?.size ?? 0;
		},

		states(): Promise<readonly OrderState[]> {
			return sql<OrderState[]>`
				select status, reason, count(*)::int as count from millrace_order.orders group by 1, 2`;
		},

		orders(): Promise<readonly OrderRow[]> {
			return sql<OrderRow[]>`
				select order_id, status, reason,
					(extract(epoch from updated_at) * 1000)::float8 as updated_ms
				from millrace_order.orders`;
		},

		async version(): Promise<string> {
			const [row] = await sql<[{ server_version: string }]>`show server_version`;
			return row.server_version.split(" ")[0] ?? "";
		},

		close: () => sql.end({ timeout: 1 }),
	};
}
