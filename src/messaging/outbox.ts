import type { OutgoingEvent, Subject } from "../contracts/events.ts";
import type { EventStream } from "../contracts/streams.ts";
import type { Database, Sql } from "../database/connection.ts";

/** What a statement wrote: the outbox row and the events of it that came true. */
export interface Written {
	readonly outbox_id: number;
	readonly events: readonly OutgoingEvent[];
}

/** Events that go with each row of a statement's input, by the row's position. */
export type Proposed = ReadonlyArray<readonly OutgoingEvent[]>;

/** What every statement that uses `appendToOutbox` ends in: `select id, positions from outbox`. */
export interface OutboxRow {
	readonly id: number;
	readonly positions: readonly number[] | null;
}

/**
 * Two lines an event, position with subject, id and trace, then the JSON; all of it compressed, since
 * events of a batch resemble each other and what Postgres does not store it need not log either
 * (docs/decisions/0002).
 */
export function encodeEvents(proposed: Proposed): Uint8Array {
	let text = "";
	for (const [position, events] of proposed.entries()) {
		for (const { subject, message_id, traceparent, data } of events) {
			text += `${position}\t${subject}\t${message_id}\t${traceparent ?? ""}\n${data}\n`;
		}
	}
	return Bun.zstdCompressSync(text, { level: 1 });
}

export function decodeEvents(
	payload: Uint8Array,
	positions: readonly number[] | null,
): OutgoingEvent[] {
	const kept = positions && new Set(positions);
	const lines = Bun.zstdDecompressSync(payload).toString().split("\n");
	const events: OutgoingEvent[] = [];
	for (let at = 0; at + 1 < lines.length; at += 2) {
		const [position, subject, message_id, traceparent] = (lines[at] as string).split("\t");
		if (kept && !kept.has(Number(position))) continue;
		events.push({
			subject: subject as Subject,
			message_id: message_id as string,
			traceparent: traceparent || undefined,
			data: lines[at + 1] as string,
		});
	}
	return events;
}

/**
 * The last part of a statement that changes state: a CTE `outbox` that stores the events of the
 * rows that changed. It reads them from a CTE `kept(position)`, and stores nothing when that is empty.
 */
export function appendToOutbox(sql: Sql, schema: string, proposed: Proposed, lease_ms: number) {
	return sql`outbox as (
		insert into ${sql(schema)}.outbox (payload, positions, lease_until)
		select ${encodeEvents(proposed)}::bytea,
			case when count(*) < ${proposed.length} then array_agg(position order by position) end,
			now() + ${lease_ms} * interval '1 millisecond'
		from kept having count(*) > 0
		returning id, to_json(positions) as positions)`;
}

/** Joins what the statement answered with what was proposed. */
export function written(rows: readonly OutboxRow[], proposed: Proposed): Written | undefined {
	const row = rows[0];
	if (row === undefined) return undefined;
	const groups = row.positions?.map((position) => proposed[position] ?? []) ?? proposed;
	return { outbox_id: row.id, events: groups.flat() };
}

/** Which of the proposed positions came true. */
export function keptPositions(rows: readonly OutboxRow[]): (position: number) => boolean {
	const [row] = rows;
	if (row === undefined) return () => false;
	if (row.positions === null) return () => true;
	const kept = new Set(row.positions);
	return (position) => kept.has(position);
}

/** Takes over at most `rows_max` rows whose writer has gone. */
export async function claimExpired(
	database: Database,
	schema: string,
	lease_ms: number,
	rows_max: number,
): Promise<Written[]> {
	const { sql } = database;
	const rows = await database.run(sql<(OutboxRow & { payload: Uint8Array })[]>`
		update ${sql(schema)}.outbox set lease_until = now() + ${lease_ms} * interval '1 millisecond'
		where id in (
			select id from ${sql(schema)}.outbox where lease_until < now()
			order by id limit ${rows_max} for update skip locked)
		returning id, payload, to_json(positions) as positions`);
	return rows.map((row) => ({
		outbox_id: row.id,
		events: decodeEvents(row.payload, row.positions),
	}));
}

/** Says that this process is alive and still means to publish these rows. */
export async function extendLeases(
	database: Database,
	schema: string,
	lease_ms: number,
	ids: readonly number[],
): Promise<void> {
	const { sql } = database;
	await database.run(sql`
		update ${sql(schema)}.outbox set lease_until = now() + ${lease_ms} * interval '1 millisecond'
		where id = any(${`{${ids.join(",")}}`}::bigint[])`);
}

/** Which losses of its stream the publisher of a row knew of when he began. */
export interface Epoch {
	readonly stream: EventStream;
	readonly losses: number;
}

/**
 * Frees rows whose events the stream has acknowledged, and keeps them in `sent`. If the stream has lost
 * something meanwhile that the publisher does not know of, the rows are left to the next sweep.
 */
export async function free(
	database: Database,
	schema: string,
	ids: readonly number[],
	{ stream, losses }: Epoch,
): Promise<void> {
	const { sql } = database;
	await database.run(sql`
		with fits as (
			select coalesce((select losses from ${sql(schema)}.streams where stream = ${stream}), 0)
				= ${losses} as yes),
		freed as (
			delete from ${sql(schema)}.outbox
			where id = any(${`{${ids.join(",")}}`}::bigint[]) and (select yes from fits)
			returning id, payload, positions, created_at),
		left_over as (
			update ${sql(schema)}.outbox set lease_until = now()
			where id = any(${`{${ids.join(",")}}`}::bigint[]) and not (select yes from fits))
		insert into ${sql(schema)}.sent (id, payload, positions, created_at)
		select id, payload, positions, created_at from freed
		on conflict do nothing`);
}

/** Rows that wait to be published. */
export async function depth(database: Database, schema: string): Promise<number> {
	const { sql } = database;
	const [row] = await database.run(sql<[{ count: number }]>`
		select count(*)::int as count from ${sql(schema)}.outbox`);
	return row.count;
}
