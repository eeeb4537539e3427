import { sql } from "drizzle-orm";
import { check, jsonb, pgSchema } from "drizzle-orm/pg-core";
import { code, quantity, writtenAt } from "../../database/columns.ts";
import {
	failuresTable,
	outboxTable,
	sentTable,
	streamsTable,
} from "../../messaging/outbox-table.ts";

export const schema = pgSchema("millrace_inventory");

/** Pieces of each SKU. `received` is all that ever came in; what is not available is held or sold. */
export const stock = schema.table(
	"stock",
	{
		sku: code("sku").primaryKey(),
		received: quantity("received").notNull(),
		available: quantity("available").notNull(),
		updated_at: writtenAt("updated_at"),
	},
	() => [
		check("stock_never_below_zero", sql`available >= 0`),
		check("stock_within_received", sql`available <= received`),
	],
);

/** What an order holds: `lines` as `[{sku, quantity}]`, each SKU once. */
export const reservations = schema.table(
	"reservations",
	{
		order_id: code("order_id").primaryKey(),
		status: code("status").notNull(),
		lines: jsonb("lines").notNull(),
		created_at: writtenAt("created_at"),
		updated_at: writtenAt("updated_at"),
	},
	() => [check("reservations_status", sql`status in ('held', 'rejected', 'released')`)],
);

/** Goods that came in, by the key that whoever reports them chose, so that a repeated report counts once. */
export const receipts = schema.table("receipts", {
	receipt_id: code("receipt_id").primaryKey(),
	lines: jsonb("lines").notNull(),
	created_at: writtenAt("created_at"),
});

export const outbox = outboxTable(schema);
export const sent = sentTable(schema);
export const streams = streamsTable(schema);
export const failures = failuresTable(schema);
