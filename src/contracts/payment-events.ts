import { z } from "zod";
import { orderFacts } from "./order-events.ts";

/** The card was charged `total_amount`. */
export const paymentCompletedV1 = orderFacts.extend({
	charge_id: z.uuid(),
	gateway_reference: z.string().min(1).max(255),
});

/** The gateway declined for good; nothing was taken. */
export const paymentFailedV1 = orderFacts.extend({
	charge_id: z.uuid(),
	decline_code: z.string().min(1).max(64),
});

/** `amount` of what was taken for the order went back to the card. */
export const paymentRefundedV1 = orderFacts.extend({
	charge_id: z.uuid(),
	refund_id: z.uuid(),
	amount: z.int().min(0),
	gateway_reference: z.string().min(1).max(255),
});
