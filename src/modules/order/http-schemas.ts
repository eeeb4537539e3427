import { z } from "zod";
import { identifier } from "../../contracts/identity.ts";
import { amount, currency } from "../../contracts/money.ts";
import { cancelReason } from "../../contracts/order-events.ts";
import { orderStatuses } from "./order.ts";

export interface OrderLimits {
	readonly lines_max: number;
	readonly quantity_max: number;
	readonly unit_price_max: number;
	readonly page_size_max: number;
}

/** The body of `POST /v1/orders`. Unknown fields are refused, so that a typing error does not go unseen. */
export function placeOrderSchema(limits: OrderLimits) {
	const line = z.strictObject({
		sku: identifier,
		quantity: z.int().min(1).max(limits.quantity_max),
		unit_price: z.int().min(0).max(limits.unit_price_max).meta({ description: "Minor units." }),
	});
	return z
		.strictObject({
			customer_id: identifier,
			currency: currency.meta({ description: "ISO 4217 code.", examples: ["EUR"] }),
			lines: z.array(line).min(1).max(limits.lines_max),
			payment_token: identifier.optional(),
		})
		.meta({ id: "PlaceOrder" });
}
export type PlaceOrderBody = z.infer<ReturnType<typeof placeOrderSchema>>;

/** A key of one line of a batch has the same meaning as the header has for a single order. */
export function batchLineSchema(limits: OrderLimits) {
	return placeOrderSchema(limits)
		.extend({ idempotency_key: idempotencyKey.optional() })
		.meta({ id: "BatchLine" });
}

export const idempotencyKey = z
	.string()
	.regex(
		/^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/,
		"must be 1 to 255 printable ASCII characters",
	);

const links = z.object({ self: z.string(), events: z.string(), cancel: z.string() });

export const acceptedSchema = z
	.object({
		order_id: identifier,
		status: z.literal("pending"),
		total_amount: amount,
		currency: z.string(),
		created_at: z.iso.datetime(),
		links,
	})
	.meta({ id: "AcceptedOrder" });

export const orderSchema = z
	.object({
		order_id: identifier,
		customer_id: identifier,
		status: z.enum(orderStatuses),
		reason: cancelReason.optional(),
		currency: z.string(),
		total_amount: amount,
		lines: z.array(z.object({ sku: identifier, quantity: z.int(), unit_price: amount })),
		created_at: z.iso.datetime(),
		updated_at: z.iso.datetime(),
		links,
	})
	.meta({ id: "Order" });
export type OrderAnswer = z.infer<typeof orderSchema>;

export const pageSchema = z
	.object({ orders: z.array(orderSchema), next_cursor: z.string().optional() })
	.meta({ id: "OrderPage" });

export function listQuerySchema(limits: OrderLimits) {
	return z.strictObject({
		customer_id: identifier.optional(),
		status: z.enum(orderStatuses).optional(),
		limit: z.coerce.number().int().min(1).max(limits.page_size_max).default(50),
		cursor: z
			.base64url()
			.max(128)
			.transform((text) => Buffer.from(text, "base64url").toString())
			.pipe(identifier)
			.optional()
			.meta({ description: "`next_cursor` of the page before." }),
	});
}

export const batchResultSchema = z
	.union([
		acceptedSchema.extend({ line: z.int().min(1), code: z.literal(202), replayed: z.boolean() }),
		z.object({ line: z.int().min(1), code: z.int(), problem: z.unknown() }),
	])
	.meta({ id: "BatchResult" });
