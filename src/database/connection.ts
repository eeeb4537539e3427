import postgres, { type PendingQuery, type Row, type Sql } from "postgres";
import type { Part } from "../lifecycle.ts";
import { DatabaseUnavailableError, translateError } from "./errors.ts";

export interface DatabaseOptions {
	readonly url: string;
	readonly connections_max: number;
	readonly connect_timeout_s: number;
	readonly statement_timeout_ms: number;
}

export type { Sql };

/** A pool of connections to one Postgres database. */
export interface Database extends Part {
	readonly url: string;
	readonly sql: Sql;
	/**
	 * Runs one statement under the deadline.
	 * @throws DatabaseUnavailableError when no answer came in time or Postgres is away.
	 * @throws WriteConflictError when a concurrent writer or a constraint stopped it.
	 */
	run<T extends readonly Row[]>(query: PendingQuery<T>): Promise<T>;
}

/** Amounts and row ids stay within 2^53, so bigint columns are read as numbers. */
const bigint = { to: 20, from: [20], serialize: String, parse: Number };

const RECONNECT_S_MAX = 1;

/**
 * Statements are planned once for each connection, which for a new table is when it is nearly empty: then
 * reading all of it looks cheapest, and the plan is kept while the table grows. Each row that a statement
 * names is looked up by its key instead (docs/decisions/0010).
 */
const PLANS = { enable_seqscan: "off", enable_hashjoin: "off", enable_mergejoin: "off" };

export function connectionOptions(options: DatabaseOptions) {
	return {
		connect_timeout: options.connect_timeout_s,
		// The driver's own goes up to 20 s, during which statements wait although Postgres is back.
		backoff: (failures: number) => Math.min(RECONNECT_S_MAX, 2 ** failures / 100),
		fetch_types: false,
		onnotice: () => {},
		types: { bigint },
		connection: {
			application_name: "millrace",
			statement_timeout: options.statement_timeout_ms,
			...PLANS,
		},
	};
}

/** @param options statement_timeout_ms also bounds the wait on this side, with a second more for the answer's way. */
export function openDatabase(options: DatabaseOptions): Database {
	const sql = postgres(options.url, {
		...connectionOptions(options),
		max: options.connections_max,
	}) as unknown as Sql;
	const deadline_ms = options.statement_timeout_ms + 1_000;
	return {
		name: "database",
		url: options.url,
		sql,
		async start() {
			await withDeadline(sql`select 1`, deadline_ms);
		},
		async stop() {
			// Nothing is in flight by now, but a connection that was cut may never say that it is closed.
			await sql.end({ timeout: 1 });
		},
		run: (query) => withDeadline(query, deadline_ms),
	};
}

/**
 * Takes back a statement that waits for a connection: what is sent later changes nothing. The driver's own way would
 * leave a connection that is being made for it unused for good (postgres 3.4.9). One that was sent is left to the
 * server's own limit: the driver would ask over a connection of its own, whose failure nobody can catch.
 */
function withdraw(query: object): void {
	if (!(query as { state?: unknown }).state)
		Object.assign(query, { strings: ["select 1"], args: [] });
}

async function withDeadline<T extends readonly Row[]>(
	query: PendingQuery<T>,
	deadline_ms: number,
): Promise<T> {
	const late = Promise.withResolvers<never>();
	const timer = setTimeout(() => {
		withdraw(query);
		late.reject(new DatabaseUnavailableError(`no answer from Postgres in ${deadline_ms} ms`));
	}, deadline_ms);
	try {
		return (await Promise.race([query, late.promise])) as T;
	} catch (error) {
		throw translateError(error);
	} finally {
		clearTimeout(timer);
	}
}
