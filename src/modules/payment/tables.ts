import { sql } from "drizzle-orm";
import { check, integer, pgSchema, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import { code, instant, quantity, writtenAt } from "../../database/columns.ts";
import { failuresTable, outboxTable } from "../../messaging/outbox-table.ts";

export const schema = pgSchema("millrace_payment");

/**
 * One row an order and kind. `charge_id` is derived from the two, is the gateway's idempotency key
 * and never changes. `fence` grows with each claim, so that a worker that lost its lease writes nothing.
 */
export const charges = schema.table(
	"charges",
	{
		order_id: code("order_id").notNull(),
		kind: code("kind").notNull(),
		charge_id: uuid("charge_id").notNull(),
		tenant_id: code("tenant_id").notNull(),
		customer_id: code("customer_id").notNull(),
		state: code("state").notNull(),
		amount: quantity("amount").notNull(),
		currency: code("currency").notNull(),
		payment_token: code("payment_token"),
		gateway_reference: text("gateway_reference"),
		decline_code: text("decline_code"),
		fence: integer("fence").notNull(),
		attempts: integer("attempts").notNull(),
		lease_until: instant("lease_until"),
		first_attempt_at: instant("first_attempt_at"),
		created_at: writtenAt("created_at"),
		updated_at: writtenAt("updated_at"),
	},
	(table) => [
		primaryKey({ columns: [table.order_id, table.kind] }),
		check("charges_kind", sql`kind in ('charge', 'refund')`),
		check(
			"charges_state",
			sql`state in ('pending', 'in_flight', 'succeeded', 'declined', 'unknown', 'void')`,
		),
		check("charges_amount", sql`amount >= 0`),
	],
);

export const outbox = outboxTable(schema);
export const failures = failuresTable(schema);
