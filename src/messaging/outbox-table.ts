import { bigint, integer, type PgSchema, primaryKey, text } from "drizzle-orm/pg-core";
import { bytes, code, instant, quantity, writtenAt } from "../database/columns.ts";

/**
 * The outbox of one module. One row holds the events of one statement: `payload` as `outbox.ts`
 * writes it, `positions` the events of it that came true (null: all).
 */
export const outboxTable = (schema: PgSchema) =>
	schema.table("outbox", {
		id: bigint("id", { mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
		payload: bytes("payload").notNull(),
		positions: integer("positions").array(),
		/** Until then the process that wrote or claimed the row is trusted to publish it. */
		lease_until: instant("lease_until").notNull(),
		created_at: writtenAt("created_at"),
	});

/**
 * What was an outbox row and is on its stream, until everybody has settled it: what is published again
 * when the broker has lost it (docs/decisions/0015).
 */
export const sentTable = (schema: PgSchema) =>
	schema.table("sent", {
		id: bigint("id", { mode: "number" }).primaryKey(),
		payload: bytes("payload").notNull(),
		positions: integer("positions").array(),
		created_at: instant("created_at").notNull(),
	});

/** Each stream as this module saw it last. */
export const streamsTable = (schema: PgSchema) =>
	schema.table("streams", {
		stream: code("stream").primaryKey(),
		/** As the broker says it, with nanoseconds that a timestamp has no room for. */
		stream_created: code("stream_created").notNull(),
		/** The server that answered; empty in a cluster, where it may be another one each time. */
		server: code("server").notNull(),
		/** The last message, and when the broker stored it. */
		sequence: quantity("sequence").notNull(),
		stored_at: code("stored_at").notNull(),
		/** When that was, by the broker's clock and by the database's. */
		broker_time: code("broker_time").notNull(),
		looked_at: writtenAt("looked_at"),
		/** How often it lost something, and up to which loss all is mended. */
		losses: integer("losses").notNull().default(0),
		mended: integer("mended").notNull().default(0),
	});

/** Business attempts that failed, counted here because the broker also counts redeliveries that were nobody's fault. */
export const failuresTable = (schema: PgSchema) =>
	schema.table(
		"failures",
		{
			consumer: code("consumer").notNull(),
			message_id: code("message_id").notNull(),
			attempts: integer("attempts").notNull(),
			error: text("error").notNull(),
			first_failed_at: writtenAt("first_failed_at"),
			last_failed_at: writtenAt("last_failed_at"),
		},
		(table) => [primaryKey({ columns: [table.consumer, table.message_id] })],
	);
