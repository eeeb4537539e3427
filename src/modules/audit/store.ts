import type { EventStream } from "../../contracts/streams.ts";
import type { Database } from "../../database/connection.ts";
import type { Owner } from "../../transparency/personal-fields.ts";
import type { PersonalKey } from "../../transparency/seal.ts";

/** Up to which message of a stream the log has recorded. */
export interface Position {
	readonly stream: EventStream;
	/** When that stream was made, as the broker says it. */
	readonly stream_created_at: string;
	readonly sequence: number;
}

export interface LogState {
	readonly size: number;
	/** Of the tree over all entries; null when the log has not grown since there is a tree. */
	readonly root: Uint8Array | null;
	readonly positions: readonly Position[];
}

/** Eight bytes for each recorded entry, from `first_index` on. */
export interface RecordedIds {
	readonly first_index: number;
	readonly id_prefixes: Uint8Array;
}

/** The key of a customer. */
export interface CustomerKey extends Owner, PersonalKey {}

export type AuditStore = ReturnType<typeof createAuditStore>;

export function createAuditStore(database: Database) {
	const { sql } = database;
	const writer = crypto.randomUUID();
	return {
		/**
		 * Makes this process the writer. From then on nobody else can {@link advance}.
		 * @returns whether another one was, and did not {@link leave}: objects of his may still be on their way
		 */
		async take(): Promise<boolean> {
			const [row] = await database.run(sql<[{ former: string | null }]>`
				insert into millrace_audit.log (id, size, writer) values (1, 0, ${writer})
				on conflict (id) do update set writer = excluded.writer
				returning (select writer from millrace_audit.log where id = 1) as former`);
			return row.former !== null;
		},

		/** Says that all that this process wrote is written. */
		async leave(): Promise<void> {
			await database.run(sql`
				update millrace_audit.log set writer = null where id = 1 and writer = ${writer}`);
		},

		async load(): Promise<LogState> {
			// Waits for whoever is still growing it. What he writes only a statement sees that begins after that.
			await database.run(sql`
				insert into millrace_audit.log (id, size) values (1, 0)
				on conflict (id) do update set size = log.size`);
			const [row] = await database.run(sql<[LogState]>`
				select size, root, coalesce((select json_agg(json_build_object(
					'stream', stream, 'stream_created_at', stream_created, 'sequence', sequence))
					from millrace_audit.positions), '[]') as positions
				from millrace_audit.log where id = 1`);
			return row;
		},

		/**
		 * Records that the log grew from `size` by the given ids, and how far the streams are read.
		 * Without a position the ids are left over from a crash: their messages are still to come again.
		 * @returns false when another process is the writer, or was since the log was of that size
		 */
		async advance(
			size: number,
			id_prefixes: Uint8Array,
			positions: readonly Position[],
			root: Uint8Array,
		): Promise<boolean> {
			const rows = await database.run(sql`
				with grown as (
					update millrace_audit.log set
						size = ${size + id_prefixes.length / 8}::bigint, root = ${root}::bytea
					where id = 1 and size = ${size} and writer = ${writer} returning size),
				batch as (
					insert into millrace_audit.batches (first_index, id_prefixes, recorded_at)
					select ${size}::bigint, ${id_prefixes}::bytea,
						case when ${positions.length === 0} then 'infinity' else now() end
					from grown
					where octet_length(${id_prefixes}::bytea) > 0),
				moved as (
					insert into millrace_audit.positions (stream, stream_created, sequence)
					select x.stream, x.stream_created_at, x.sequence from grown,
						jsonb_to_recordset(${JSON.stringify(positions)}::text::jsonb)
							as x(stream text, stream_created_at text, sequence bigint)
					on conflict (stream) do update set
						stream_created = excluded.stream_created, sequence = excluded.sequence)
				select size from grown`);
			return rows.length > 0;
		},

		/** How often keys were deleted: as long as it stays the same, those that were read are still there. */
		async keyDeletions(): Promise<number> {
			const [row] = await database.run(sql<[{ key_deletions: number }]>`
				select key_deletions from millrace_audit.log where id = 1`);
			return row.key_deletions;
		},

		/**
		 * The keys of customers; those that have none get one. It is missing for a customer that another process
		 * gave one at the same moment: ask again.
		 */
		keysOf(owners: readonly Owner[]): Promise<readonly CustomerKey[]> {
			// Three times 122 random bits. Made here, a key is in no parameter that a server might log.
			return database.run(sql<CustomerKey[]>`
				with owners as (
					select tenant_id, customer_id
					from jsonb_to_recordset(${JSON.stringify(owners)}::text::jsonb)
						as x(tenant_id text, customer_id text)),
				known as (
					select tenant_id, customer_id, key_id, key
					from owners left join millrace_audit.customer_keys using (tenant_id, customer_id)),
				made as (
					insert into millrace_audit.customer_keys (tenant_id, customer_id, key_id, key)
					select tenant_id, customer_id,
						left(translate(encode(sha256(uuid_send(gen_random_uuid())), 'base64'), '+/', '-_'), 16),
						sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
							|| uuid_send(gen_random_uuid()))
					from known where key_id is null
					on conflict do nothing
					returning tenant_id, customer_id, key_id, key)
				select * from known where key_id is not null union all select * from made`);
		},

		/** The ids recorded since a time, and all that crashes left over, in the order of the log. */
		recordedSince(time: Date): Promise<readonly RecordedIds[]> {
			return database.run(sql<RecordedIds[]>`
				select first_index, id_prefixes from millrace_audit.batches
				where recorded_at >= ${time} order by first_index`);
		},

		/** The ids that crashes left over. */
		leftOver(): Promise<readonly RecordedIds[]> {
			return database.run(sql<RecordedIds[]>`
				select first_index, id_prefixes from millrace_audit.batches
				where recorded_at = 'infinity'`);
		},
	};
}
