import { sql } from "drizzle-orm";
import {
	boolean,
	check,
	index,
	integer,
	pgSchema,
	primaryKey,
	text,
	uuid,
} from "drizzle-orm/pg-core";
import { code, instant, quantity, writtenAt } from "../../database/columns.ts";
import {
	failuresTable,
	outboxTable,
	sentTable,
	streamsTable,
} from "../../messaging/outbox-table.ts";

export const schema = pgSchema("millrace_payment");

/**
 * One row an order and kind, and for refunds that an operator asks for one a `request_id` (empty for
 * the charge, and for the refund of a cancelled order). `charge_id` is derived from the three, is
 * the gateway's idempotency key and our reference in its books, and never changes. `fence` grows with
 * each claim, so that a worker that lost its lease writes nothing.
 *
 * `attention_at` is set while an open row waits for the resolver instead of a message; an index over
 * anything that changes on the way from the claim to the result would double the cost of both.
 */
export const charges = schema.table(
	"charges",
	{
		order_id: code("order_id").notNull(),
		kind: code("kind").notNull(),
		request_id: code("request_id").notNull().default(""),
		charge_id: uuid("charge_id").notNull(),
		tenant_id: code("tenant_id").notNull(),
		customer_id: code("customer_id").notNull(),
		state: code("state").notNull(),
		amount: quantity("amount").notNull(),
		/** Of a charge: what refunds gave back or are about to. */
		refunded: quantity("refunded").notNull().default(0),
		/** Of the whole order, in the events about it. */
		order_amount: quantity("order_amount").notNull(),
		currency: code("currency").notNull(),
		payment_token: code("payment_token"),
		/** Of a refund: the gateway's reference of the charge it gives back. */
		charge_reference: text("charge_reference"),
		gateway_reference: text("gateway_reference"),
		decline_code: code("decline_code"),
		/** The order was cancelled: what the charge takes goes back. */
		cancelled: boolean("cancelled").notNull().default(false),
		last_error: text("last_error"),
		traceparent: code("traceparent"),
		fence: integer("fence").notNull(),
		attempts: integer("attempts").notNull(),
		lease_until: instant("lease_until"),
		attention_at: instant("attention_at"),
		first_attempt_at: instant("first_attempt_at"),
		created_at: writtenAt("created_at"),
		updated_at: writtenAt("updated_at"),
	},
	(table) => [
		primaryKey({ columns: [table.order_id, table.kind, table.request_id] }),
		index("charges_attention").on(table.attention_at).where(sql`attention_at is not null`),
		check("charges_kind", sql`kind in ('charge', 'refund')`),
		check(
			"charges_state",
			sql`state in ('pending', 'in_flight', 'succeeded', 'declined', 'unknown', 'manual', 'void')`,
		),
		check("charges_amount", sql`amount >= 0`),
		check("charges_refunded", sql`refunded between 0 and amount`),
		check("charges_request", sql`kind = 'refund' or request_id = ''`),
	],
);

/** What the gateway told by webhook, each once. */
export const gatewayEvents = schema.table("gateway_events", {
	event_id: code("event_id").primaryKey(),
	type: code("type").notNull(),
	charge_id: uuid("charge_id"),
	/** Whether it settled a charge that was open. */
	settled: boolean("settled").notNull(),
	received_at: writtenAt("received_at"),
});

export const outbox = outboxTable(schema);
export const sent = sentTable(schema);
export const streams = streamsTable(schema);
export const failures = failuresTable(schema);
