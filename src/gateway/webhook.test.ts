import { describe, expect, test } from "bun:test";
import Stripe from "stripe";
import { readWebhook, WebhookError } from "./webhook.ts";

const SECRET = "whsec_test";

const intent = {
	id: "pi_1",
	amount: 1_200,
	currency: "eur",
	status: "succeeded",
	last_payment_error: null,
	cancellation_reason: null,
	metadata: { charge_id: "key-1", order_id: "order-1", kind: "charge" },
};
const refund = {
	id: "re_1",
	amount: 500,
	currency: "eur",
	status: "succeeded",
	metadata: { refund_id: "key-2", order_id: "order-1" },
};

function bodyOf(type: string, object: object): string {
	return JSON.stringify({ id: "evt_1", object: "event", type, data: { object } });
}

/** @param timestamp seconds */
function sign(payload: string, secret = SECRET, timestamp = Math.floor(Date.now() / 1_000)) {
	return Stripe.webhooks.generateTestHeaderStringAsync({ payload, secret, timestamp });
}

async function read(type: string, object: object) {
	const body = bodyOf(type, object);
	return readWebhook(body, await sign(body), SECRET);
}

describe("what decides", () => {
	test("a charge that succeeded", async () => {
		expect(await read("payment_intent.succeeded", intent)).toEqual({
			event_id: "evt_1",
			type: "payment_intent.succeeded",
			kind: "charge",
			key: "key-1",
			order_id: "order-1",
			reference: "pi_1",
			amount: 1_200,
			currency: "EUR",
			result: { state: "succeeded", reference: "pi_1" },
		});
	});

	test("a charge that failed", async () => {
		const last_payment_error = { code: "card_declined", decline_code: "lost_card" };
		const failed = { ...intent, status: "requires_payment_method", last_payment_error };
		expect(await read("payment_intent.payment_failed", failed)).toMatchObject({
			kind: "charge",
			key: "key-1",
			result: { state: "declined", code: "lost_card" },
		});
	});

	test.each([
		["refund.created", { status: "succeeded" }, { state: "succeeded", reference: "re_1" }],
		["refund.updated", { status: "succeeded" }, { state: "succeeded", reference: "re_1" }],
		["refund.updated", { status: "canceled" }, { state: "declined", code: "canceled" }],
		[
			"refund.failed",
			{ status: "failed", failure_reason: "lost_or_stolen_card" },
			{ state: "declined", code: "lost_or_stolen_card" },
		],
	])("%s %j", async (type, change, result) => {
		expect(await read(type, { ...refund, ...change })).toMatchObject({
			kind: "refund",
			key: "key-2",
			amount: 500,
			currency: "EUR",
			result,
		});
	});

	test("amounts are in the minor units of ISO 4217", async () => {
		const told = await read("payment_intent.succeeded", { ...intent, currency: "isk" });
		expect(told).toMatchObject({ amount: 12, currency: "ISK" });
	});
});

test.each([
	["charge.refunded", { id: "ch_1" }],
	["payment_intent.created", intent],
	["payment_intent.succeeded", { ...intent, metadata: {} }],
	["payment_intent.payment_failed", { ...intent, status: "processing" }],
	["refund.updated", { ...refund, status: "pending" }],
	["refund.created", { ...refund, metadata: null }],
])("ignored: %s %j", async (type, object) => {
	expect(await read(type, object)).toEqual({ event_id: "evt_1", ignored: type });
});

describe("refused", () => {
	const body = bodyOf("payment_intent.succeeded", intent);
	const longAgo = Math.floor(Date.now() / 1_000) - 301;

	test.each([
		["no signature", async () => undefined],
		["an empty one", async () => ""],
		["one that is none", async () => "t=1,v1=abc"],
		["another secret's", () => sign(body, "whsec_other")],
		["another body's", () => sign(`${body} `)],
		["one that is too old", () => sign(body, SECRET, longAgo)],
	])("%s", async (_, signature) => {
		const refused = readWebhook(body, await signature(), SECRET);
		expect(await refused.catch((error) => error)).toBeInstanceOf(WebhookError);
	});

	test("a signed body that is no JSON", async () => {
		const refused = readWebhook("{", await sign("{"), SECRET);
		expect(await refused.catch((error) => error)).toBeInstanceOf(WebhookError);
	});

	test("every webhook, when there is no secret", async () => {
		const refused = readWebhook(body, await sign(body, "x"), "");
		expect(await refused.catch((error) => error)).toBeInstanceOf(WebhookError);
	});
});
