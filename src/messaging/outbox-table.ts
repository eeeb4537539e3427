import { bigint, integer, type PgSchema, primaryKey, text } from "drizzle-orm/pg-core";
import { bytes, code, instant, writtenAt } from "../database/columns.ts";

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
