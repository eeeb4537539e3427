import type { Database } from "../database/connection.ts";

/** How often a message failed for reasons of its own. */
export interface Failure {
	readonly message_id: string;
	/** 0 for one that was only noted before it was handled. */
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

/**
 * Notes that messages are about to be handled, so that it is known if the process does not survive it.
 * @returns those that were on record before
 */
export async function noteBegun(
	database: Database,
	schema: string,
	consumer: string,
	message_ids: readonly string[],
): Promise<readonly Failure[]> {
	const { sql } = database;
	const list = JSON.stringify(message_ids);
	return database.run(sql<Failure[]>`
		with noted as (
			insert into ${sql(schema)}.failures (consumer, message_id, attempts, error)
			select ${consumer}, message_id, 0, 'its handling began'
			from jsonb_array_elements_text(${list}::text::jsonb) as message_id
			on conflict (consumer, message_id) do nothing)
		select message_id, attempts, first_failed_at, last_failed_at from ${sql(schema)}.failures
		where consumer = ${consumer} and message_id in (
			select jsonb_array_elements_text(${list}::text::jsonb))`);
}

/** Takes back what was noted or counted ahead of handling: `counted` says whether an attempt was. */
export async function withdrawBegun(
	database: Database,
	schema: string,
	consumer: string,
	begun: ReadonlyArray<{ readonly message_id: string; readonly counted: boolean }>,
): Promise<void> {
	const { sql } = database;
	await database.run(sql`
		with begun as (
			select f.ctid as row, f.attempts - case when x.counted then 1 else 0 end as attempts
			from jsonb_to_recordset(${JSON.stringify(begun)}::text::jsonb)
				as x(message_id text, counted boolean)
			join ${sql(schema)}.failures f on f.consumer = ${consumer} and f.message_id = x.message_id),
		gone as (
			delete from ${sql(schema)}.failures f using begun
			where f.ctid = begun.row and begun.attempts <= 0)
		update ${sql(schema)}.failures f set attempts = begun.attempts from begun
		where f.ctid = begun.row and begun.attempts > 0`);
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
