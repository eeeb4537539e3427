import type { Database } from "../database/connection.ts";

/** How often a message failed for reasons of its own. */
export interface Failure {
	readonly message_id: string;
	readonly attempts: number;
	readonly first_failed_at: Date;
	readonly last_failed_at: Date;
}

/** Counts one more failed attempt for each of `failed` (distinct message ids). */
export async function countFailures(
	database: Database,
	schema: string,
	consumer: string,
	failed: ReadonlyArray<{ readonly message_id: string; readonly error: string }>,
): Promise<readonly Failure[]> {
	const { sql } = database;
	return database.run(sql<Failure[]>`
		insert into ${sql(schema)}.failures as f (consumer, message_id, attempts, error)
		select ${consumer}, x.message_id, 1, x.error
		from jsonb_to_recordset(${JSON.stringify(failed)}::text::jsonb) as x(message_id text, error text)
		on conflict (consumer, message_id) do update
			set attempts = f.attempts + 1, error = excluded.error, last_failed_at = now()
		returning message_id, attempts, first_failed_at, last_failed_at`);
}

/** Forgets messages that have reached their end, so that a redrive starts to count anew. */
export async function forgetFailures(
	database: Database,
	schema: string,
	consumer: string,
	message_ids: readonly string[],
): Promise<void> {
	const { sql } = database;
	await database.run(sql`
		delete from ${sql(schema)}.failures
		where consumer = ${consumer} and message_id in (
			select jsonb_array_elements_text(${JSON.stringify(message_ids)}::text::jsonb))`);
}
