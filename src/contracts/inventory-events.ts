import { z } from "zod";
import { identifier, personalIdentifier } from "./identity.ts";
import { orderFacts } from "./order-events.ts";

export const stockLine = z.object({ sku: identifier, quantity: z.int().min(1) });
/** One SKU of an order; several order lines of one SKU are added up. */
export type StockLine = z.infer<typeof stockLine>;

/** Every line of the order is held. */
export const inventoryReservedV1 = orderFacts.extend({
	lines: z.array(stockLine),
	payment_token: personalIdentifier.optional(),
});

/** Nothing of the order is held, because `sku` does not suffice. */
export const inventoryRejectedV1 = orderFacts.extend({ sku: identifier });

/** What was held for the order is available again. */
export const inventoryReleasedV1 = orderFacts.extend({ lines: z.array(stockLine) });
