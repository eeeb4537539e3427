import type { Database } from "../database/connection.ts";

/** The key that a customer's personal fields are sealed with in the audit log. */
export interface KeptKey {
	readonly tenant_id: string;
	readonly key_id: string;
}

export type ForgetStore = ReturnType<typeof createForgetStore>;

/** What is kept of customers to seal the audit log. @param database the one of the audit module */
export function createForgetStore({ run, sql }: Database) {
	const of = (tenant_id: string | undefined) =>
		tenant_id === undefined ? sql`` : sql`and tenant_id = ${tenant_id}`;

	return {
		async isThere(): Promise<boolean> {
			const [row] = await run(sql<[{ there: boolean }]>`
				select to_regclass('millrace_audit.customer_keys') is not null as there`);
			return row.there;
		},

		/** In each tenant, or in one. */
		find(customer_id: string, tenant_id: string | undefined): Promise<readonly KeptKey[]> {
			return run(sql<KeptKey[]>`
				select tenant_id, key_id from millrace_audit.customer_keys
				where customer_id = ${customer_id} ${of(tenant_id)} order by tenant_id`);
		},

		async wasForgotten(customer_id: string, tenant_id: string | undefined): Promise<boolean> {
			const rows = await run(sql`
				select from millrace_audit.forgotten
				where customer_hash = sha256(salt || convert_to(${customer_id}, 'UTF8'))
				${of(tenant_id)} limit 1`);
			return rows.length > 0;
		},

		/** @returns false when the key is not there any more */
		async forget(customer_id: string, { tenant_id, key_id }: KeptKey): Promise<boolean> {
			const rows = await run(sql`
				with gone as (
					delete from millrace_audit.customer_keys
					where tenant_id = ${tenant_id} and customer_id = ${customer_id} and key_id = ${key_id}
					returning tenant_id, customer_id),
				salted as materialized (
					select tenant_id, customer_id, uuid_send(gen_random_uuid()) as salt from gone)
				insert into millrace_audit.forgotten (tenant_id, salt, customer_hash)
				select tenant_id, salt, sha256(salt || convert_to(customer_id, 'UTF8')) from salted
				returning tenant_id`);
			return rows.length > 0;
		},
	};
}
