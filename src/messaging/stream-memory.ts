import type { EventStream } from "../contracts/streams.ts";
import type { Database } from "../database/connection.ts";
import { decodeEvents, type Written } from "./outbox.ts";
import type { StreamSight } from "./stream-sight.ts";

/** A stream as a module saw it last. */
export interface Remembered extends StreamSight {
	readonly stream: EventStream;
	/** By the database's clock. */
	readonly looked_at: string;
	readonly losses: number;
	readonly mended: number;
}

/** What one module knows of streams, in its own schema, so that it outlives processes and the broker. */
export interface StreamMemory {
	/** How often a stream has lost something, as far as this process knows. */
	losses(stream: EventStream): number;
	load(): Promise<ReadonlyMap<EventStream, Remembered>>;
	/** Notes what was seen, unless a loss was noted meanwhile. */
	note(stream: EventStream, sight: StreamSight): Promise<void>;
	/** Notes that something is lost, before anything is done about it. */
	noteLoss(stream: EventStream): Promise<void>;
	/** Notes that all of it is mended, and what the stream is now. */
	noteMended(stream: EventStream, sight: StreamSight): Promise<void>;
	/** Whatever was written before this time is in `sent` by now, or never will be. RFC 3339-like. */
	sentUntil(): Promise<string>;
	/** Waits for those who move rows to `sent` and may not have seen a loss that was noted. */
	waitForWriters(): Promise<void>;
	/** Rows that are kept, in order, after `after`. */
	kept(after: number, rows_max: number): Promise<readonly Written[]>;
	/** Forgets what was written before a time and is settled, unless a loss was noted meanwhile. */
	forgetSent(stream: EventStream, until: string): Promise<void>;
}

/** @param statement_ms_max what began longer ago is over */
export function createStreamMemory(
	database: Database,
	schema: string,
	statement_ms_max: number,
): StreamMemory {
	const { sql } = database;
	const known = new Map<EventStream, number>();
	const at = (table: string) => sql(`${schema}.${table}`);
	const columns = (sight: StreamSight) => sql`
		stream_created = ${sight.stream_created}, server = ${sight.server},
		sequence = ${sight.sequence}, stored_at = ${sight.stored_at},
		broker_time = ${sight.broker_time}, looked_at = now()`;

	return {
		losses: (stream) => known.get(stream) ?? 0,
		async load() {
			const rows = await database.run(sql<Remembered[]>`
				select stream, stream_created, server, sequence, stored_at, broker_time,
					looked_at::text as looked_at, losses, mended from ${at("streams")}`);
			for (const { stream, losses } of rows) known.set(stream, losses);
			return new Map(rows.map((row) => [row.stream, row]));
		},
		async note(stream, sight) {
			const { stream_created, server, sequence, stored_at, broker_time } = sight;
			await database.run(sql`
				insert into ${at("streams")} as s
					(stream, stream_created, server, sequence, stored_at, broker_time)
				values (${stream}, ${stream_created}, ${server}, ${sequence}, ${stored_at}, ${broker_time})
				on conflict (stream) do update set ${columns(sight)}
				where s.losses = ${known.get(stream) ?? 0} and s.mended = s.losses`);
		},
		async noteLoss(stream) {
			const [row] = await database.run(sql<[{ losses: number }]>`
				update ${at("streams")} set losses = losses + 1 where stream = ${stream}
				returning losses`);
			known.set(stream, row.losses);
		},
		async noteMended(stream, sight) {
			await database.run(sql`
				update ${at("streams")} set mended = losses, ${columns(sight)}
				where stream = ${stream} and losses = ${known.get(stream) ?? 0}`);
		},
		async sentUntil() {
			const [row] = await database.run(sql<[{ until: string }]>`
				select least(now() - ${statement_ms_max} * interval '1 millisecond',
					(select min(created_at) from ${at("outbox")}))::text as until`);
			return row.until;
		},
		async waitForWriters() {
			const lock = `lock table ${schema}.sent in share row exclusive mode`;
			await database.run(sql.unsafe(`do $$ begin ${lock}; end $$`));
		},
		async kept(after, rows_max) {
			const rows = await database.run(sql<
				{ id: number; payload: Uint8Array; positions: readonly number[] | null }[]
			>`
				select id, payload, to_json(positions) as positions from ${at("sent")}
				where id > ${after} order by id limit ${rows_max}`);
			return rows.map(({ id, payload, positions }) => ({
				outbox_id: id,
				events: decodeEvents(payload, positions),
			}));
		},
		async forgetSent(stream, until) {
			await database.run(sql`
				delete from ${at("sent")}
				where created_at < ${until}::timestamptz and exists (
					select 1 from ${at("streams")}
					where stream = ${stream} and losses = ${known.get(stream) ?? 0} and mended = losses)`);
		},
	};
}
