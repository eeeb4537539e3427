import { z } from "zod";
import { contracts, type Subject } from "../../contracts/events.ts";
import { PERSONAL_MARK } from "../../contracts/identity.ts";

/** A JSON Schema as zod writes it, as far as the pages read it. */
export interface FieldSchema {
	readonly type?: string;
	readonly format?: string;
	readonly pattern?: string;
	readonly enum?: readonly string[];
	readonly default?: unknown;
	readonly minimum?: number;
	readonly maximum?: number;
	readonly minLength?: number;
	readonly maxLength?: number;
	readonly description?: string;
	readonly items?: FieldSchema;
	readonly properties?: Readonly<Record<string, FieldSchema>>;
	readonly required?: readonly string[];
	/** About a person. */
	readonly [PERSONAL_MARK]?: boolean;
}

const MEANINGS: Readonly<Record<string, string>> = {
	message_id: "The event's id, derived from the subject and what it is about.",
	order_id: "The order. Ids given by millrace are UUIDv7; other producers choose theirs.",
	tenant_id: "Whose order it is.",
	customer_id: "Who ordered, as the shop calls them.",
	currency: "ISO 4217 code of every amount in the event.",
	total_amount: "Sum of the order, in minor units.",
	occurred_at: "When it happened, RFC 3339 in UTC.",
	created_at: "When the order was made, in milliseconds since 1970.",
	lines: "Empty for an order adopted from `orders.created.v1`.",
	sku: "The article.",
	quantity: "Pieces.",
	unit_price: "Price of one piece, in minor units.",
	payment_token: "What the payment gateway knows the card by.",
	reason: "Why the order ended without a sale.",
	charge_id: "The one charge of the order; the gateway's idempotency key.",
	refund_id: "The one refund of the order; the gateway's idempotency key.",
	amount: "What went back, in minor units.",
	gateway_reference: "What the gateway calls the charge or refund.",
	action_id: "The operator's action, the same in both of its events.",
	operator: "Who acts, as they call themselves.",
	action: "What is done.",
	phase: "`begun` before anything is done, `ended` after it.",
	details: "What is asked for, or what came of it, as JSON.",
	decline_code: "Why the gateway declined, in its own words.",
};

const SPECIAL_MEANINGS: Readonly<Record<string, string>> = {
	"orders.created.v1/message_id": "Chosen by the producer.",
	"orders.created.v1/total_amount": "Sum of the order as a decimal, in major units.",
	"inventory.rejected.v1/sku": "The first article of the order that does not suffice.",
	"inventory.reserved.v1/lines": "What is held, each SKU once.",
	"inventory.released.v1/lines": "What is available again, each SKU once.",
};

/**
 * The JSON Schema (draft 7) of an event as a producer has to write it, with the meaning of each field.
 * @throws Error for a field whose meaning is not written down.
 */
export function eventSchema(subject: Subject): FieldSchema {
	const schema = z.toJSONSchema(contracts[subject].schema, { io: "input", target: "draft-7" });
	const { $schema: _, ...rest } = schema;
	return explain(subject, rest as FieldSchema);
}

function explain(subject: Subject, schema: FieldSchema): FieldSchema {
	const { properties, items, pattern, ...rest } = schema;
	return {
		...rest,
		...(pattern !== undefined && rest.format === undefined && { pattern }),
		...(items && { items: explain(subject, items) }),
		...(properties && { properties: explainFields(subject, properties) }),
	};
}

function explainFields(
	subject: Subject,
	properties: Readonly<Record<string, FieldSchema>>,
): Record<string, FieldSchema> {
	const fields = Object.entries(properties).map(([name, field]) => {
		const description = SPECIAL_MEANINGS[`${subject}/${name}`] ?? MEANINGS[name];
		if (description === undefined) throw new Error(`Say what ${name} of ${subject} means`);
		return [name, { ...explain(subject, field), description }] as const;
	});
	return Object.fromEntries(fields);
}

/** What a reader has to know of a field's values, in a few words. */
export function typeOf(field: FieldSchema): string {
	if (field.enum) return field.enum.map((value) => `\`${value}\``).join(", ");
	if (field.type === "array") return `list of ${field.items?.type ?? "any"}s`;
	if (field.format) return `${field.type}, ${field.format}`;
	if (field.pattern) return `${field.type}, \`${field.pattern}\``;
	if (field.type === "string") return `string, ${field.minLength} to ${field.maxLength} characters`;
	return `${field.type}, at least ${field.minimum}`;
}
