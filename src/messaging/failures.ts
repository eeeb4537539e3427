import type { Database } from "../database/connection.ts";

/** How often a message failed for reasons of its own. */
export interface Failure {
	readonly message_id: string;
	/** 0 for one that was only noted before it was handled. */
	readonly attempts: number;
	readonly first_failed_at: Date;
	readonly last_failed_at: Date;
}

export interface Failed {
	readonly message_id: string;
	readonly error: string;
	/** Its attempt was counted before it was handled. */
	readonly counted: boolean;
}

/** Counts one more failed attempt for each of `failed` (distinct message ids), and why it failed. */
export async function countFailures(
	database: Database,
	schema: string,
	consumer: string,
	failed: readonly Failed[],
): Promise<readonly Failure[]> {
	const { sql } = database;
	return database.run(sql<Failure[]>`
		insert into ${sql(schema)}.failures as f (consumer, message_id, attempts, error)
		select ${consumer}, x.message_id, case when x.counted then 0 else 1 end, x.error
		from jsonb_to_recordset(${JSON.stringify(failed)}::text::jsonb)
			as x(message_id text, error text, counted boolean)
		on conflict (consumer, message_id) do update
			set attempts = f.attempts + excluded.attempts, error = excluded.error, last_failed_at = now()
		returning message_id, attempts, first_failed_at, last_failed_at`);
}

/** Stands where the error will be while nobody knows how the handling of a message ends. */
const BEGUN = "its handling began";

/**
 * Notes that messages are about to be handled, so that it is known if the process does not survive it.
 * @returns those whose handling had begun before, and nobody knows how it ended
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
			select ${consumer}, message_id, 0, ${BEGUN}
			from jsonb_array_elements_text(${list}::text::jsonb) as message_id
			on conflict (consumer, message_id) do update set error = excluded.error)
		select message_id, attempts, first_failed_at, last_failed_at from ${sql(schema)}.failures
		where consumer = ${consumer} and error = ${BEGUN} and message_id in (
			select jsonb_array_elements_text(${list}::text::jsonb))`);
}

/** Counts the attempt of a message that is about to be handled alone. */
export async function countBegun(
	database: Database,
	schema: string,
	consumer: string,
	message_id: string,
): Promise<Failure | undefined> {
	const failed = [{ message_id, error: BEGUN, counted: false }];
	const [failure] = await countFailures(database, schema, consumer, failed);
	return failure;
}

/** Takes back what was noted or counted ahead of handling. */
export async function withdrawBegun(
	database: Database,
	schema: string,
	consumer: string,
	begun: readonly Pick<Failed, "message_id" | "counted">[],
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
		update ${sql(schema)}.failures f set attempts = begun.attempts, error = 'a dependency was away'
		from begun where f.ctid = begun.row and begun.attempts > 0`);
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

/** What was put on record later may be of a message that has come since. */
const LEFT_BEHIND_S = 60;

/**
 * Forgets what is left on record of a consumer that has settled all there is: a message that was settled by
 * another process, or after the broker had forgotten that it was delivered before, does not take it along.
 */
export async function forgetLeftBehind(
	database: Database,
	schema: string,
	consumer: string,
): Promise<void> {
	const { sql } = database;
	await database.run(sql`
		delete from ${sql(schema)}.failures
		where consumer = ${consumer} and last_failed_at < now() - ${LEFT_BEHIND_S} * interval '1 second'`);
}
