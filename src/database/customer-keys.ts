import type { PendingQuery, Row } from "postgres";
import type { Sql } from "./connection.ts";

interface KeyRow extends Row {
	readonly key_id: string;
	readonly key: Uint8Array;
}

/**
 * The keys of customers that are still there, by their ids.
 * @param read runs a query on the database of the audit module
 */
export async function findCustomerKeys(
	sql: Sql,
	read: (query: PendingQuery<KeyRow[]>) => Promise<readonly KeyRow[]>,
	key_ids: readonly string[],
): Promise<ReadonlyMap<string, Uint8Array>> {
	const found = await read(sql<KeyRow[]>`
		select key_id, key from millrace_audit.customer_keys
		where key_id in (select jsonb_array_elements_text(${JSON.stringify(key_ids)}::text::jsonb))`);
	return new Map(found.map(({ key_id, key }) => [key_id, key]));
}
