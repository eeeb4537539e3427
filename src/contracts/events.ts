import { z } from "zod";
import { messageId, PERSONAL_MARK } from "./identity.ts";
import {
	inventoryRejectedV1,
	inventoryReleasedV1,
	inventoryReservedV1,
} from "./inventory-events.ts";
import { operationsActedV1 } from "./operation-events.ts";
import {
	orderCancelledV1,
	orderConfirmedV1,
	orderCreatedV1,
	orderCreatedV2,
} from "./order-events.ts";
import { paymentCompletedV1, paymentFailedV1, paymentRefundedV1 } from "./payment-events.ts";
import type { EventStream, ModuleName } from "./streams.ts";

interface Contract {
	readonly schema: z.ZodObject;
	/** A module, or the operators. */
	readonly publisher: ModuleName | "operations";
	readonly stream: EventStream;
	readonly summary: string;
}

/** Every event there is, by subject. A subject ends in its version. */
export const contracts = {
	"orders.created.v1": {
		schema: orderCreatedV1,
		publisher: "order",
		stream: "ORDERS",
		summary:
			"An order in the form of producers outside millrace. It is adopted and published again as v2.",
	},
	"orders.created.v2": {
		schema: orderCreatedV2,
		publisher: "order",
		stream: "ORDERS",
		summary: "An order was taken.",
	},
	"orders.confirmed.v1": {
		schema: orderConfirmedV1,
		publisher: "order",
		stream: "ORDERS",
		summary: "Stock is held and the card is charged: the sale is done.",
	},
	"orders.cancelled.v1": {
		schema: orderCancelledV1,
		publisher: "order",
		stream: "ORDERS",
		summary: "The order ended without a sale. Stock goes back, money is refunded.",
	},
	"inventory.reserved.v1": {
		schema: inventoryReservedV1,
		publisher: "inventory",
		stream: "INVENTORY",
		summary: "Every line of the order is held.",
	},
	"inventory.rejected.v1": {
		schema: inventoryRejectedV1,
		publisher: "inventory",
		stream: "INVENTORY",
		summary: "Stock does not suffice; nothing is held.",
	},
	"inventory.released.v1": {
		schema: inventoryReleasedV1,
		publisher: "inventory",
		stream: "INVENTORY",
		summary: "What was held for a cancelled order is available again.",
	},
	"payments.completed.v1": {
		schema: paymentCompletedV1,
		publisher: "payment",
		stream: "PAYMENTS",
		summary: "The card was charged.",
	},
	"payments.failed.v1": {
		schema: paymentFailedV1,
		publisher: "payment",
		stream: "PAYMENTS",
		summary: "The gateway declined; nothing was taken.",
	},
	"payments.refunded.v1": {
		schema: paymentRefundedV1,
		publisher: "payment",
		stream: "PAYMENTS",
		summary: "Money taken for the order went back.",
	},
	"operations.acted.v1": {
		schema: operationsActedV1,
		publisher: "operations",
		stream: "OPERATIONS",
		summary: "An operator acts on dead letters or a consumer: once before, once after.",
	},
} as const satisfies Record<string, Contract>;

export type Subject = keyof typeof contracts;
/** Subjects that say something about an order. */
export type OrderSubject = Exclude<Subject, "operations.acted.v1">;
/** The checked payload of a subject. */
export type Payload<S extends Subject> = z.output<(typeof contracts)[S]["schema"]>;

/** Names of the fields that are about a person, in whatever event. */
export const personalFields: readonly string[] = [
	...new Set(Object.values(contracts).flatMap(({ schema }) => personalFieldsOf(schema))),
];

function personalFieldsOf({ shape }: z.ZodObject): string[] {
	return Object.entries(shape).flatMap(([name, field]) => {
		const inner = field instanceof z.ZodOptional ? field.unwrap() : field;
		return z.globalRegistry.get(inner)?.[PERSONAL_MARK] === true ? [name] : [];
	});
}

/** An event on its way out: `data` is its JSON text, `traceparent` is set when its trace is sampled. */
export interface OutgoingEvent {
	readonly subject: Subject;
	readonly message_id: string;
	readonly data: string;
	readonly traceparent?: string | undefined;
}

/**
 * Makes the event that `subject` says about `key` (an order id, or a refund id where an order can
 * have several of them).
 */
export function createEvent<S extends Subject>(
	subject: S,
	key: string,
	payload: Omit<Payload<S>, "message_id">,
	traceparent: string | undefined,
): OutgoingEvent {
	const message_id = messageId(subject, key);
	// Spliced in as text, which spares a copy of the payload.
	const data = `{"message_id":"${message_id}",${JSON.stringify(payload).slice(1)}`;
	return { subject, message_id, data, traceparent };
}
