import { afterAll, describe, expect, test } from "bun:test";
import Stripe from "stripe";
import { startSandbox } from "../support/sandbox.ts";
import { chargeParams, post, refusal } from "../support/sandbox-client.ts";
import { eventually } from "../support/wait.ts";

const sandbox = await startSandbox();
const stripe = sandbox.stripe();
afterAll(() => sandbox.stop());

const charge = (change: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
	stripe.paymentIntents.create(chargeParams(change));
const open = () => stripe.paymentIntents.create({ amount: 500, currency: "usd" });
const ids = (page: { readonly data: readonly { readonly id: string }[] }) =>
	page.data.map(({ id }) => id);

/** Makes some, one after the other, and answers them newest first. */
async function several<T extends { id: string }>(count: number, make: () => Promise<T>) {
	const made: string[] = [];
	for (let at = 0; at < count; at++) made.unshift((await make()).id);
	return made;
}

function plain<T extends { lastResponse: unknown }>({ lastResponse: _, ...object }: T) {
	return object;
}

describe("payment intents", () => {
	test("are created and confirmed at once, and shown again as they were answered", async () => {
		const metadata = { order_id: "o-1", "odd key": "ä & b=c+d [%]" };
		const intent = await charge({ metadata, description: "two cups" });
		expect(intent).toMatchObject({
			object: "payment_intent",
			status: "succeeded",
			amount: 1_250,
			amount_received: 1_250,
			currency: "eur",
			description: "two cups",
			livemode: false,
			last_payment_error: null,
			latest_charge: expect.stringMatching(/^ch_/),
			metadata,
		});
		const now_s = Date.now() / 1_000;
		expect(intent.created).toBeWithin(Math.floor(now_s) - 60, Math.ceil(now_s) + 1);
		expect(plain(await stripe.paymentIntents.retrieve(intent.id))).toEqual(plain(intent));
	});

	test("take a card token as payment method data", async () => {
		const charged = (token: string) => {
			const card = `payment_method_data[type]=card&payment_method_data[card][token]=${token}`;
			const body = `amount=100&currency=EUR&confirm=true&${card}`;
			return post(sandbox.url, "/v1/payment_intents", body);
		};
		const taken = await charged("tok_visa");
		expect(taken.status).toBe(200);
		expect(await taken.json()).toMatchObject({ status: "succeeded", currency: "eur" });
		expect((await charged("tok_chargeDeclined")).status).toBe(402);
	});

	test("are confirmed later, once", async () => {
		const intent = await open();
		expect(intent).toMatchObject({ status: "requires_payment_method", amount_received: 0 });
		const bare = await refusal(stripe.paymentIntents.confirm(intent.id));
		expect(bare).toMatchObject({ statusCode: 400, param: "payment_method" });
		const card = { payment_method: "pm_card_visa" };
		const done = await stripe.paymentIntents.confirm(intent.id, card);
		expect(done).toMatchObject({ id: intent.id, status: "succeeded", amount_received: 500 });
		const again = await refusal(stripe.paymentIntents.confirm(intent.id, card));
		expect(again.code).toBe("payment_intent_unexpected_state");
	});

	test("are cancelled as long as they are open", async () => {
		const intent = await open();
		const reason = { cancellation_reason: "abandoned" } as const;
		const canceled = await stripe.paymentIntents.cancel(intent.id, reason);
		expect(canceled).toMatchObject({ status: "canceled", ...reason });
		expect(canceled.canceled_at).toBeGreaterThanOrEqual(intent.created);
		const { id } = await charge();
		expect((await refusal(stripe.paymentIntents.cancel(id))).statusCode).toBe(400);
	});

	test("are listed newest first, in pages that join without a gap", async () => {
		const made = await several(7, charge);
		const page = await stripe.paymentIntents.list({ limit: 3 });
		expect([ids(page), page.has_more]).toEqual([made.slice(0, 3), true]);
		const after = await stripe.paymentIntents.list({ limit: 3, starting_after: `${made[2]}` });
		expect(ids(after)).toEqual(made.slice(3, 6));
		const before = await stripe.paymentIntents.list({ limit: 2, ending_before: `${made[3]}` });
		expect([ids(before), before.has_more]).toEqual([made.slice(1, 3), true]);
		const all: string[] = [];
		for await (const { id } of stripe.paymentIntents.list({ limit: 2 })) all.push(id);
		expect(all.slice(0, 7)).toEqual(made);
		expect(new Set(all).size).toBe(all.length);
		const ledger = (await sandbox.ledger()).filter(({ kind }) => kind === "payment_intent");
		expect(ledger.map(({ id }) => id).reverse()).toEqual(all);
	});

	test("are listed by the time they were made", async () => {
		const { id, created } = await charge();
		const from = await stripe.paymentIntents.list({ created: { gte: created }, limit: 100 });
		expect(ids(from)).toContain(id);
		expect(from.data.every((intent) => intent.created >= created)).toBe(true);
		const until = await stripe.paymentIntents.list({ created: { lt: created }, limit: 100 });
		expect(until.data.every((intent) => intent.created < created)).toBe(true);
		expect((await stripe.paymentIntents.list({ created: { gt: created + 60 } })).data).toEqual([]);
	});

	test("are found by metadata and status, in pages", async () => {
		const order_id = `o'${crypto.randomUUID()}`;
		const made = await several(3, () => charge({ metadata: { order_id, kind: "charge" } }));
		await refusal(charge({ metadata: { order_id }, payment_method: "pm_card_chargeDeclined" }));
		const quoted = order_id.replace("'", "\\'");
		const query = `metadata['order_id']:'${quoted}' AND status:'succeeded'`;
		expect(ids(await stripe.paymentIntents.search({ query }))).toEqual(made);
		const first = await stripe.paymentIntents.search({ query, limit: 2 });
		expect([ids(first), first.has_more]).toEqual([made.slice(0, 2), true]);
		const page = first.next_page ?? "";
		const second = await stripe.paymentIntents.search({ query, limit: 2, page });
		expect([ids(second), second.has_more, second.next_page]).toEqual([made.slice(2), false, null]);
		const nobody = await stripe.paymentIntents.search({ query: "metadata['order_id']:'nobody'" });
		expect(nobody.data).toEqual([]);
	});
});

describe("cards", () => {
	test.each([
		["pm_card_chargeDeclined", "card_declined", "generic_decline"],
		["pm_card_visa_chargeDeclined", "card_declined", "generic_decline"],
		["tok_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"],
		["pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"],
		["tok_chargeDeclinedExpiredCard", "expired_card", "expired_card"],
		["pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"],
		["pm_card_authenticationRequired", "authentication_required", "authentication_required"],
		["decline_do_not_honor", "card_declined", "do_not_honor"],
	])("%s declines with %s and %s", async (payment_method, code, decline_code) => {
		const error = await refusal(charge({ payment_method }));
		expect(error).toBeInstanceOf(Stripe.errors.StripeCardError);
		expect(error).toMatchObject({ statusCode: 402, code, decline_code });
		const intent = error.payment_intent as Stripe.PaymentIntent;
		const kept = await stripe.paymentIntents.retrieve(intent.id);
		expect(kept).toMatchObject({
			status: "requires_payment_method",
			amount_received: 0,
			last_payment_error: { code, decline_code },
		});
	});

	test("one that declined is followed by another on the same intent", async () => {
		const error = await refusal(charge({ payment_method: "pm_card_chargeDeclined" }));
		const { id } = error.payment_intent as Stripe.PaymentIntent;
		const done = await stripe.paymentIntents.confirm(id, { payment_method: "pm_card_mastercard" });
		expect(done).toMatchObject({ status: "succeeded", last_payment_error: null });
	});

	test("one that needs its holder asks for him, unless the call forbids it", async () => {
		const payment_method = "pm_card_authenticationRequired";
		const asks = await charge({ payment_method, error_on_requires_action: false });
		expect(asks).toMatchObject({ status: "requires_action", amount_received: 0 });
		const away = { payment_method, error_on_requires_action: false, off_session: true };
		expect((await refusal(charge(away))).code).toBe("authentication_required");
	});

	test.each(["nonsense", "pm_", "tok visa", "pm_card_chargeDeclinedUnheardOf"])(
		"%p is no card",
		async (payment_method) => {
			const error = await refusal(charge({ payment_method }));
			expect(error).toMatchObject({ statusCode: 400, code: "resource_missing" });
		},
	);
});

describe("refunds", () => {
	test("give back up to what was captured, and no more", async () => {
		const { id, latest_charge } = await charge({ amount: 1_000 });
		const metadata = { refund_id: "r-1" };
		const part = await stripe.refunds.create({ payment_intent: id, amount: 300, metadata });
		expect(part).toMatchObject({
			object: "refund",
			status: "succeeded",
			amount: 300,
			charge: latest_charge,
			payment_intent: id,
			metadata,
		});
		const much = await refusal(stripe.refunds.create({ payment_intent: id, amount: 701 }));
		expect(much).toMatchObject({ statusCode: 400, param: "amount" });
		expect(much.message).toContain("greater than unrefunded amount");
		const rest = await stripe.refunds.create({ payment_intent: id });
		expect(rest.amount).toBe(700);
		const none = await refusal(stripe.refunds.create({ payment_intent: id, amount: 1 }));
		expect(none.code).toBe("charge_already_refunded");
		expect(ids(await stripe.refunds.list({ payment_intent: id }))).toEqual([rest.id, part.id]);
		expect(plain(await stripe.refunds.retrieve(part.id))).toEqual(plain(part));
	});

	test("made at once for the same intent stay within what was captured", async () => {
		const { id } = await charge({ amount: 1_000 });
		const tries = Array.from({ length: 8 }, () =>
			stripe.refunds.create({ payment_intent: id, amount: 300 }),
		);
		const ends = await Promise.allSettled(tries);
		expect(ends.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
	});

	test("of what was never paid are refused", async () => {
		const { id } = await open();
		const error = await refusal(stripe.refunds.create({ payment_intent: id }));
		expect(error.code).toBe("payment_intent_unexpected_state");
		const nothing = await refusal(stripe.refunds.create({ payment_intent: "pi_none" }));
		expect(nothing).toMatchObject({ statusCode: 400, code: "resource_missing" });
	});

	test("are listed over all intents, in pages", async () => {
		const made = await several(3, async () =>
			stripe.refunds.create({ payment_intent: (await charge()).id }),
		);
		expect(ids(await stripe.refunds.list({ limit: 3 }))).toEqual(made);
		const after = await stripe.refunds.list({ limit: 2, starting_after: `${made[0]}` });
		expect(ids(after)).toEqual(made.slice(1));
	});

	test("that fail do so after they were taken, and give the amount free again", async () => {
		const { id } = await charge({ payment_method: "pm_card_refundFail" });
		const refund = await stripe.refunds.create({ payment_intent: id });
		expect(refund.status).toBe("pending");
		const blocked = await refusal(stripe.refunds.create({ payment_intent: id }));
		expect(blocked.code).toBe("charge_already_refunded");
		await eventually(async () => {
			const now = await stripe.refunds.retrieve(refund.id);
			expect(now).toMatchObject({ status: "failed", failure_reason: "unknown" });
		});
		expect((await stripe.refunds.create({ payment_intent: id })).status).toBe("pending");
	});

	test("that are pending for a while succeed in the end", async () => {
		const { id } = await charge({ payment_method: "pm_card_pendingRefund" });
		const refund = await stripe.refunds.create({ payment_intent: id });
		expect(refund.status).toBe("pending");
		await eventually(async () =>
			expect((await stripe.refunds.retrieve(refund.id)).status).toBe("succeeded"),
		);
	});
});

describe("what is wrong is told as Stripe tells it", () => {
	test.each([
		["currency=eur", "parameter_missing", "amount"],
		["amount=5", "parameter_missing", "currency"],
		["amount=0&currency=eur", "parameter_invalid_integer", "amount"],
		["amount=1.5&currency=eur", "parameter_invalid_integer", "amount"],
		["amount=100000000&currency=eur", "amount_too_large", "amount"],
		["amount=5&currency=euro", undefined, "currency"],
		["amount=5&currency=eur&capture=no", "parameter_unknown", "capture"],
		["amount=5&currency=eur&confirm=maybe", undefined, "confirm"],
		["amount=5&currency=eur&payment_method_types[0]=sofort", undefined, "payment_method_types[0]"],
		["amount=5&currency=eur&error_on_requires_action=true", undefined, "error_on_requires_action"],
		[`amount=5&currency=eur&metadata[${"k".repeat(41)}]=v`, undefined, "metadata"],
	])("%s", async (body, code, param) => {
		const answer = await post(sandbox.url, "/v1/payment_intents", body);
		expect(answer.status).toBe(400);
		const { error } = (await answer.json()) as { error: Record<string, unknown> };
		expect(error).toMatchObject({ type: "invalid_request_error", param });
		expect(error.code).toBe(code);
	});

	test("a body that is not form-encoded", async () => {
		const answer = await post(sandbox.url, "/v1/payment_intents", "amount=%E0%A4%A");
		expect(answer.status).toBe(400);
	});

	test("what is not there", async () => {
		const gone = await refusal(stripe.paymentIntents.retrieve("pi_none"));
		expect(gone).toMatchObject({ statusCode: 404, code: "resource_missing" });
		expect((await refusal(stripe.refunds.retrieve("re_none"))).statusCode).toBe(404);
		const unknown = await refusal(stripe.customers.create({}));
		expect(unknown.message).toContain("Unrecognized request URL (POST: /v1/customers)");
	});

	test.each([
		[{ limit: 101 }, "limit"],
		[{ starting_after: "pi_none" }, "starting_after"],
	])("a list of %p", async (query, param) => {
		const error = await refusal(stripe.paymentIntents.list(query).then(() => {}));
		expect(error).toMatchObject({ statusCode: 400, param });
	});

	test("a search that it does not understand", async () => {
		const error = await refusal(stripe.paymentIntents.search({ query: "amount>5" }).then(() => {}));
		expect(error).toMatchObject({ statusCode: 400, param: "query" });
	});

	test("a key that is not for tests, and none", async () => {
		for (const authorization of ["Bearer sk_live_1", ""]) {
			const answer = await post(sandbox.url, "/v1/payment_intents", "", { authorization });
			expect(answer.status).toBe(401);
		}
	});
});

test("every answer has an id of its own and the version that was asked for", async () => {
	const version = { "stripe-version": "2020-08-27" };
	const answers = [
		await post(sandbox.url, "/v1/refunds", "", version),
		await post(sandbox.url, "/v1/refunds", "", version),
	];
	const [one, other] = answers.map(({ headers }) => headers.get("request-id"));
	expect(one).toStartWith("req_");
	expect(other).not.toBe(one as string);
	expect(answers[0]?.headers.get("stripe-version")).toBe("2020-08-27");
});
