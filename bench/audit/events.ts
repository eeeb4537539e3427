import { createEvent, type OutgoingEvent } from "../../src/contracts/events.ts";
import type { EventStream } from "../../src/contracts/streams.ts";

/** What one confirmed order publishes, by stream. */
export type Told = Readonly<Record<"ORDERS" | "INVENTORY" | "PAYMENTS", readonly OutgoingEvent[]>>;

export const EVENTS_AN_ORDER = 4;
export const streams = ["ORDERS", "INVENTORY", "PAYMENTS"] as const satisfies EventStream[];

const CUSTOMERS = 10_000;
const lines = [
	{ sku: "SKU-1", quantity: 2, unit_price: 1_250 },
	{ sku: "SKU-2", quantity: 1, unit_price: 990 },
];
const held = lines.map(({ sku, quantity }) => ({ sku, quantity }));
const payment_token = "pm_card_visa";

/** The events of `count` orders that were taken, held, charged and confirmed. */
export function tellOrders(count: number): Told {
	const orders = Array.from({ length: count }, () => {
		const order_id = crypto.randomUUID();
		const facts = {
			order_id,
			tenant_id: "default",
			customer_id: `customer-${Math.floor(Math.random() * CUSTOMERS)}`,
			currency: "EUR",
			total_amount: 3_490,
			occurred_at: new Date().toISOString(),
		};
		const charged = {
			...facts,
			charge_id: crypto.randomUUID(),
			gateway_reference: `pi_${order_id}`,
		};
		return {
			created: createEvent(
				"orders.created.v2",
				order_id,
				{ ...facts, lines, payment_token },
				undefined,
			),
			reserved: createEvent(
				"inventory.reserved.v1",
				order_id,
				{ ...facts, lines: held, payment_token },
				undefined,
			),
			completed: createEvent("payments.completed.v1", order_id, charged, undefined),
			confirmed: createEvent("orders.confirmed.v1", order_id, facts, undefined),
		};
	});
	return {
		ORDERS: orders.flatMap(({ created, confirmed }) => [created, confirmed]),
		INVENTORY: orders.map(({ reserved }) => reserved),
		PAYMENTS: orders.map(({ completed }) => completed),
	};
}
