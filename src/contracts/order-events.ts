import { z } from "zod";
import { DEFAULT_TENANT, identifier, personalIdentifier } from "./identity.ts";
import { amount, currency } from "./money.ts";

/** What every later step needs to know of an order, so that no module reads another's tables. */
export const orderFacts = z.object({
	message_id: z.uuid(),
	order_id: identifier,
	tenant_id: identifier.default(DEFAULT_TENANT),
	customer_id: personalIdentifier,
	currency,
	total_amount: amount,
	occurred_at: z.iso.datetime(),
});

export type OrderFacts = Omit<z.infer<typeof orderFacts>, "message_id">;

/** The facts of one event for the next one about the same order, which occurs at `occurred_at`. */
export function carryFacts(facts: OrderFacts, occurred_at: string): OrderFacts {
	const { order_id, tenant_id, customer_id, currency, total_amount } = facts;
	return { order_id, tenant_id, customer_id, currency, total_amount, occurred_at };
}

export const orderLine = z.object({
	sku: identifier,
	quantity: z.int().min(1),
	unit_price: amount,
});
export type OrderLine = z.infer<typeof orderLine>;

/** An order was taken and is to be fulfilled. An order adopted from a v1 producer has no lines. */
export const orderCreatedV2 = orderFacts.extend({
	lines: z.array(orderLine),
	payment_token: personalIdentifier.optional(),
});
export type OrderCreatedV2 = z.infer<typeof orderCreatedV2>;

/** In any currency, the minor units of a larger amount cannot be counted exactly. */
const LEGACY_AMOUNT_MAX = 9_007_199_254_740;

/** The end of the year 9999, beyond which a time has no four-digit year. */
const LAST_MILLISECOND = 253_402_300_799_999;

/** The contract that producers outside millrace publish straight to NATS. Money is a decimal here, and only here. */
export const orderCreatedV1 = z.object({
	message_id: z.string().min(1).max(255),
	order_id: identifier,
	customer_id: personalIdentifier,
	total_amount: z.number().min(0).max(LEGACY_AMOUNT_MAX),
	created_at: z
		.int()
		.min(0)
		.max(LAST_MILLISECOND)
		.meta({ description: "Milliseconds since the epoch." }),
});
export type OrderCreatedV1 = z.infer<typeof orderCreatedV1>;

/** Stock is held and the card is charged. */
export const orderConfirmedV1 = orderFacts.extend({});

export const cancelReason = z.enum([
	"customer_request",
	"out_of_stock",
	"payment_failed",
	"deadline",
]);
export type CancelReason = z.infer<typeof cancelReason>;

/** The order ended without a sale; stock goes back and what was taken is refunded. */
export const orderCancelledV1 = orderFacts.extend({ reason: cancelReason });
