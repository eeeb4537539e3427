import { sql } from "drizzle-orm";
import { bigint, check, integer, pgSchema, primaryKey, uuid } from "drizzle-orm/pg-core";
import { bytes, code, quantity, writtenAt } from "../../database/columns.ts";
import { failuresTable, streamsTable } from "../../messaging/outbox-table.ts";

export const schema = pgSchema("millrace_audit");

/** The one row that says how many entries the log has, and the root of the tree over them. */
export const log = schema.table(
	"log",
	{
		id: integer("id").primaryKey(),
		size: quantity("size").notNull(),
		/** Null while the log has not grown since there is a tree. */
		root: bytes("root"),
		/** Who writes it, or did and died over it; null when whoever wrote last has finished. */
		writer: uuid("writer"),
		/** How often keys of customers were deleted. A trigger counts, so that nobody can forget to. */
		key_deletions: quantity("key_deletions").notNull().default(0),
	},
	() => [check("log_one_row", sql`id = 1`)],
);

/** Up to where each stream is recorded. A stream that was made anew has another `stream_created` and starts over. */
export const positions = schema.table("positions", {
	stream: code("stream").primaryKey(),
	/** As the broker says it, with nanoseconds that a timestamp has no room for. */
	stream_created: code("stream_created").notNull(),
	sequence: quantity("sequence").notNull(),
});

/** Eight bytes of each recorded message id, to find out whether an event that comes again is recorded. */
export const batches = schema.table("batches", {
	first_index: bigint("first_index", { mode: "number" }).primaryKey(),
	id_prefixes: bytes("id_prefixes").notNull(),
	recorded_at: writtenAt("recorded_at"),
});

/** What the personal data of each customer is sealed with. Deleting a row forgets the customer. */
export const customer_keys = schema.table(
	"customer_keys",
	{
		tenant_id: code("tenant_id").notNull(),
		customer_id: code("customer_id").notNull(),
		/** Stands beside all that is sealed with the key. */
		key_id: code("key_id").notNull().unique(),
		key: bytes("key").notNull(),
	},
	(table) => [
		primaryKey({ columns: [table.tenant_id, table.customer_id] }),
		check("customer_keys_whole", sql`octet_length(key) = 32`),
	],
);

/**
 * Who was forgotten, as a hash with a salt of its own: it only tells a customer that was forgotten from one that
 * never was. Neither the id of the key nor a time, which would lead to entries of the log.
 */
export const forgotten = schema.table(
	"forgotten",
	{
		tenant_id: code("tenant_id").notNull(),
		salt: bytes("salt").notNull(),
		/** SHA-256 over the salt and the customer's id. */
		customer_hash: bytes("customer_hash").notNull(),
	},
	(table) => [primaryKey({ columns: [table.tenant_id, table.salt] })],
);

export const streams = streamsTable(schema);
export const failures = failuresTable(schema);
