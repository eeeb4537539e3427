import { contracts } from "../contracts/events.ts";
import { messageId } from "../contracts/identity.ts";
import { type ModuleName, moduleNames } from "../contracts/streams.ts";
import { type Database, openDatabase } from "../database/connection.ts";
import { findCustomerKeys } from "../database/customer-keys.ts";
import { hasTables } from "../database/read-modules.ts";
import type { PersonalKeys } from "../transparency/unseal.ts";
import type { Scene } from "./story.ts";

interface LiveRow {
	readonly at: Date;
	readonly what: string;
	readonly details: Readonly<Record<string, unknown>>;
}

const LIMITS = { connections_max: 1, statement_timeout_ms: 10_000 };

/**
 * The rows about an order as they stand now, each at the time it was last written.
 * @throws DatabaseUnavailableError
 */
export async function liveScenes(
	urls: Readonly<Record<ModuleName, string>>,
	connect_timeout_s: number,
	order_id: string,
	message_ids: readonly string[],
): Promise<Scene[]> {
	const opened = moduleNames.map((name) => {
		const database = openDatabase({ url: urls[name], connect_timeout_s, ...LIMITS });
		return { name, database };
	});
	const ids = new Set([...message_ids, ...derivedIds(order_id)]);
	try {
		const found = await Promise.all(
			opened.map(async ({ name, database }) => {
				if (!(await hasTables(database, name))) return [];
				const failed = await failures(database, name, [...ids]);
				return [...(await rows[name](database, order_id)), ...failed];
			}),
		);
		return found.flat().map(({ at, what, details }) => {
			return { at: at.toISOString(), source: "table", what, details };
		});
	} finally {
		await Promise.all(opened.map(({ database }) => database.stop()));
	}
}

/**
 * The keys of customers, as far as they are still there.
 * @throws DatabaseUnavailableError
 */
export async function findKeys(
	{ audit: url }: Readonly<Record<ModuleName, string>>,
	connect_timeout_s: number,
	key_ids: readonly string[],
): Promise<PersonalKeys> {
	const { run, sql, stop } = openDatabase({ url, connect_timeout_s, ...LIMITS });
	try {
		return await findCustomerKeys(sql, run, key_ids);
	} finally {
		await stop();
	}
}

/** Ids of events that may not be in the log yet. */
function derivedIds(order_id: string): string[] {
	return Object.keys(contracts).map((subject) => messageId(subject, order_id));
}

const rows: Record<
	ModuleName,
	(database: Database, order_id: string) => Promise<readonly LiveRow[]>
> = {
	order: ({ run, sql }, order_id) =>
		run(sql<LiveRow[]>`
			select updated_at as at, 'order is ' || status as what,
				json_build_object('reason', reason, 'total_amount', total_amount, 'currency', currency,
					'customer_id', customer_id, 'tenant_id', tenant_id, 'created_at', created_at) as details
			from millrace_order.orders where order_id = ${order_id}`),
	inventory: ({ run, sql }, order_id) =>
		run(sql<LiveRow[]>`
			select updated_at as at, 'reservation is ' || status as what,
				json_build_object('lines', lines, 'created_at', created_at) as details
			from millrace_inventory.reservations where order_id = ${order_id}`),
	payment: ({ run, sql }, order_id) =>
		run(sql<LiveRow[]>`
			select updated_at as at, kind || ' is ' || state as what,
				json_build_object('charge_id', charge_id, 'request_id', nullif(request_id, ''),
					'amount', amount, 'refunded', refunded, 'currency', currency, 'attempts', attempts,
					'gateway_reference', gateway_reference, 'decline_code', decline_code,
					'cancelled', cancelled, 'last_error', last_error, 'first_attempt_at', first_attempt_at,
					'attention_at', attention_at::text, 'created_at', created_at) as details
			from millrace_payment.charges where order_id = ${order_id} order by created_at, kind`),
	audit: async () => [],
};

/** Messages that failed and have not come to their end. */
function failures({ run, sql }: Database, name: ModuleName, ids: readonly string[]) {
	return run(sql<LiveRow[]>`
		select last_failed_at as at, consumer || ' failed' as what,
			json_build_object('message_id', message_id, 'attempts', attempts, 'error', error,
				'first_failed_at', first_failed_at) as details
		from ${sql(`millrace_${name}`)}.failures
		where message_id in (select jsonb_array_elements_text(${JSON.stringify(ids)}::text::jsonb))`);
}
