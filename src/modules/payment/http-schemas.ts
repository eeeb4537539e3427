import { z } from "zod";
import { identifier } from "../../contracts/identity.ts";
import { problemSchema } from "../../http/problem.ts";

export const refundRequest = z
	.strictObject({
		refund_id: identifier.meta({ description: "Chosen by the sender; a refund is made once." }),
		amount: z
			.int()
			.min(1)
			.meta({ description: "Minor units, at most what is left of the charge." }),
	})
	.meta({ id: "RefundRequest" });

export const decision = z
	.discriminatedUnion("outcome", [
		z.strictObject({
			outcome: z.literal("succeeded"),
			gateway_reference: z.string().min(1).max(255),
		}),
		z.strictObject({
			outcome: z.literal("declined"),
			decline_code: identifier.default("not_carried_out"),
		}),
	])
	.meta({ id: "ChargeDecision" });

export const chargeView = z
	.object({
		charge_id: z.uuid(),
		kind: z.enum(["charge", "refund"]),
		order_id: identifier,
		refund_id: identifier.optional(),
		state: z.enum(["pending", "in_flight", "succeeded", "declined", "unknown", "manual", "void"]),
		amount: z.int(),
		refunded: z.int(),
		currency: z.string(),
		attempts: z.int(),
		gateway_reference: z.string().optional(),
		decline_code: z.string().optional(),
		last_error: z.string().optional(),
		created_at: z.iso.datetime(),
		updated_at: z.iso.datetime(),
	})
	.meta({ id: "Charge" });

export const chargePage = z
	.object({ charges: z.array(chargeView), next_cursor: z.string().optional() })
	.meta({ id: "ChargePage" });

export const json = (description: string, schema: z.ZodType) => ({
	description,
	content: { "application/json": { schema } },
});

export const problem = (description: string) => ({
	description,
	content: { "application/problem+json": { schema: problemSchema } },
});
