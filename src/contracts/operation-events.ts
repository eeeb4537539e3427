import { z } from "zod";

/** What an operator can do to messages and those who take them. */
export const operatorAction = z.enum([
	"dead_letters.redrive",
	"dead_letters.edit",
	"dead_letters.discard",
	"dead_letters.restore",
	"consumer.pause",
	"consumer.resume",
	"consumer.replay",
	"customers.forget",
	"http.request",
]);
export type OperatorAction = z.infer<typeof operatorAction>;

/** Who acts. */
export const operatorName = z.string().regex(/^[\x21-\x7e]{1,64}$/);

const JSON_CHARACTERS_MAX = 16_000;

/** An operator began to act, or what he began has ended. Nothing is done before it is said. */
export const operationsActedV1 = z.object({
	message_id: z.uuid(),
	action_id: z.uuid(),
	operator: operatorName,
	action: operatorAction,
	phase: z.enum(["begun", "ended"]),
	details: z.string().max(JSON_CHARACTERS_MAX),
	occurred_at: z.iso.datetime(),
});
