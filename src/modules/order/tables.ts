import { sql } from "drizzle-orm";
import { check, index, json, pgSchema, text, uniqueIndex } from "drizzle-orm/pg-core";
import { code, instant, quantity } from "../../database/columns.ts";
import {
	failuresTable,
	outboxTable,
	sentTable,
	streamsTable,
} from "../../messaging/outbox-table.ts";

export const schema = pgSchema("millrace_order");

/**
 * One row an order. No index names `status` or `updated_at`, so that ending an order is an update
 * within the page (HOT); the deadline finds old orders through the tiny BRIN over `created_at`.
 */
export const orders = schema.table(
	"orders",
	{
		order_id: code("order_id").primaryKey(),
		tenant_id: code("tenant_id").notNull(),
		customer_id: code("customer_id").notNull(),
		status: code("status").notNull(),
		reason: code("reason"),
		currency: code("currency").notNull(),
		total_amount: quantity("total_amount").notNull(),
		lines: json("lines").notNull(),
		payment_token: code("payment_token"),
		idempotency_key: text("idempotency_key"),
		body_hash: code("body_hash"),
		created_at: instant("created_at").notNull(),
		updated_at: instant("updated_at").notNull(),
	},
	(table) => [
		uniqueIndex("orders_idempotency_key")
			.on(table.tenant_id, table.idempotency_key)
			.where(sql`idempotency_key is not null`),
		index("orders_customer").on(table.tenant_id, table.customer_id, table.order_id),
		index("orders_created_at").using("brin", table.created_at),
		check("orders_status", sql`status in ('pending', 'confirmed', 'cancelled')`),
		check("orders_total_amount", sql`total_amount >= 0`),
	],
);

export const outbox = outboxTable(schema);
export const sent = sentTable(schema);
export const streams = streamsTable(schema);
export const failures = failuresTable(schema);
