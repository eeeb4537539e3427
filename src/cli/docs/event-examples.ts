import {
	contracts,
	createEvent,
	type OutgoingEvent,
	type Subject,
} from "../../contracts/events.ts";
import { messageId } from "../../contracts/identity.ts";
import { park } from "../../messaging/dead-letter.ts";
import { eventHeaders } from "../../messaging/headers.ts";
import { eventSchema, type FieldSchema } from "./event-fields.ts";

const ORDER_ID = "01a1fec0-aced-72ff-b92e-6b99724594ea";
const CHARGE_ID = messageId("payment.charge", ORDER_ID);
const REFUND_ID = messageId("payment.refund", ORDER_ID);
const TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const FAILED_MS = Date.UTC(2026, 10, 21, 15, 0, 0);

const VALUES: Readonly<Record<string, unknown>> = {
	order_id: ORDER_ID,
	tenant_id: "default",
	customer_id: "customer-7",
	currency: "EUR",
	total_amount: 2500,
	occurred_at: "2026-11-21T15:00:00.000Z",
	sku: "mug",
	quantity: 2,
	unit_price: 1250,
	payment_token: "tok_visa",
	reason: "out_of_stock",
	charge_id: CHARGE_ID,
	refund_id: REFUND_ID,
	amount: 2500,
	gateway_reference: "pi_3QJm2aB4nK9xTq71",
	decline_code: "insufficient_funds",
	action_id: messageId("redrive", ORDER_ID),
	operator: "ada",
	action: "dead_letters.redrive",
	phase: "begun",
	details: '{"sequences":[42]}',
};

const SPECIAL_VALUES: Readonly<Record<string, unknown>> = {
	"orders.created.v1/order_id": "web-20261121-0042",
	"orders.created.v1/total_amount": 25.5,
	"orders.created.v1/created_at": FAILED_MS,
	"payments.refunded.v1/gateway_reference": "re_3QJm2aB4nK9xTq71",
};

/**
 * One event of a subject.
 * @throws ZodError when the example does not keep the contract.
 */
export function exampleOf(subject: Subject): OutgoingEvent {
	const { message_id: _, ...payload } = exampleValue(subject, eventSchema(subject)) as Record<
		string,
		unknown
	>;
	const key = keyOf(subject, payload);
	const event = createEvent(subject, key, payload as never, TRACE);
	contracts[subject].schema.parse(JSON.parse(event.data));
	return event;
}

function keyOf(subject: Subject, payload: Record<string, unknown>): string {
	if (subject === "operations.acted.v1") return `${payload.action_id}/${payload.phase}`;
	return subject === "payments.refunded.v1" ? REFUND_ID : String(payload.order_id);
}

function exampleValue(subject: Subject, schema: FieldSchema): unknown {
	if (schema.items) return [exampleValue(subject, schema.items)];
	const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => {
		const nested = field.items ? exampleValue(subject, field) : undefined;
		return [name, SPECIAL_VALUES[`${subject}/${name}`] ?? nested ?? VALUES[name]];
	});
	return Object.fromEntries(fields);
}

/** The headers millrace gives an event, as lines `Name: value`. */
export function exampleHeaders(event: OutgoingEvent): readonly string[] {
	return headerLines(eventHeaders(event, event.traceparent, true).encode());
}

/** The headers of a dead letter, as lines `Name: value`. */
export async function deadLetterHeaders(): Promise<readonly string[]> {
	const event = exampleOf("inventory.reserved.v1");
	const redriven = [
		`Millrace-Repeated-Id: ${event.message_id}`,
		"Millrace-Redrives: 1",
		`Millrace-Redrive: ${messageId("redrive", ORDER_ID)}`,
		"Millrace-Redriven-By: ada",
		`Millrace-Redriven-At: ${new Date(FAILED_MS - 60_000).toISOString()}`,
	];
	let block = new Uint8Array();
	const client = {
		async publish(_subject: string, _data: Uint8Array, options: { headers: Encodable }) {
			block = Uint8Array.from(options.headers.encode());
		},
	};
	await park(client as unknown as Parameters<typeof park>[0], {
		module: "payment",
		reason: "attempts exhausted",
		error: "Error: the gateway did not answer",
		fingerprint: "9d1c4f0b7a26",
		type: "Error",
		place: "modules/payment/charge-order.ts toClaim",
		message_id: event.message_id,
		order_id: ORDER_ID,
		subject: event.subject,
		stream: contracts["inventory.reserved.v1"].stream,
		sequence: 42,
		consumer: "payment-charge",
		attempts: 5,
		first_failed_ms: FAILED_MS,
		last_failed_ms: FAILED_MS + 20_000,
		traceparent: event.traceparent,
		headers: redriven.join("\r\n"),
		data: new TextEncoder().encode(event.data),
	});
	return headerLines(block);
}

interface Encodable {
	encode(): Uint8Array;
}

function headerLines(block: Uint8Array): readonly string[] {
	return new TextDecoder().decode(block).trimEnd().split("\r\n").slice(1);
}
