import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import type Stripe from "stripe";
import { SANDBOX_WEBHOOK_SECRET, startSandbox } from "../support/sandbox.ts";
import { chargeParams, refusal } from "../support/sandbox-client.ts";
import { eventually } from "../support/wait.ts";

/** Takes events, and checks each with the official client. */
function startReceiver() {
	const events: Stripe.Event[] = [];
	const bodies: string[] = [];
	let status = 200;
	const server = Bun.serve({
		port: 0,
		hostname: "127.0.0.1",
		async fetch(request) {
			const body = await request.text();
			const signature = request.headers.get("stripe-signature") ?? "";
			bodies.push(body);
			if (status !== 200) return new Response("", { status });
			const { webhooks } = stripe;
			events.push(await webhooks.constructEventAsync(body, signature, SANDBOX_WEBHOOK_SECRET));
			return new Response("");
		},
	});
	return {
		events,
		bodies,
		url: `http://127.0.0.1:${server.port}/webhook`,
		answerWith(next: number) {
			status = next;
		},
		clear() {
			events.length = 0;
			bodies.length = 0;
		},
		stop: () => server.stop(true),
	};
}

const sandbox = await startSandbox();
const stripe = sandbox.stripe();
const receiver = startReceiver();
afterAll(async () => {
	await sandbox.stop();
	await receiver.stop();
});
beforeEach(() => sandbox.webhook({ url: receiver.url, duplicate: 0, reorder: 0 }));
afterEach(async () => {
	await eventually(async () => expect((await sandbox.stats()).webhooks.waiting).toBe(0));
	receiver.clear();
});

const charge = (change: Partial<Stripe.PaymentIntentCreateParams> = {}, key?: string) =>
	stripe.paymentIntents.create(chargeParams(change), key ? { idempotencyKey: key } : {});
const types = () => receiver.events.map(({ type }) => type);
const arrived = (count: number) => eventually(() => expect(receiver.events).toHaveLength(count));

describe("the official client accepts", () => {
	test("the event of a charge, with the object as it was answered", async () => {
		const { lastResponse: _, ...intent } = await charge(
			{ metadata: { order_id: "ö-1" } },
			"hook-1",
		);
		await arrived(1);
		expect(receiver.events[0]).toMatchObject({
			id: expect.stringMatching(/^evt_/),
			object: "event",
			type: "payment_intent.succeeded",
			livemode: false,
			request: { idempotency_key: "hook-1" },
		});
		expect(receiver.events[0]?.data.object as unknown).toEqual(intent);
	});

	test("the event of a declined charge", async () => {
		await refusal(charge({ payment_method: "pm_card_chargeDeclined" }));
		await arrived(1);
		expect(receiver.events[0]).toMatchObject({
			type: "payment_intent.payment_failed",
			data: { object: { last_payment_error: { code: "card_declined" } } },
		});
	});

	test("the events of refunds that succeed and that fail", async () => {
		const [good, bad] = [await charge(), await charge({ payment_method: "pm_card_refundFail" })];
		await arrived(2);
		receiver.clear();
		await stripe.refunds.create({ payment_intent: good.id });
		await arrived(1);
		expect(types()).toEqual(["refund.created"]);
		receiver.clear();
		const { id } = await stripe.refunds.create({ payment_intent: bad.id });
		await arrived(3);
		expect(types().sort()).toEqual(["refund.created", "refund.failed", "refund.updated"]);
		const failed = receiver.events.find(({ type }) => type === "refund.failed");
		expect(failed?.data.object).toMatchObject({ id, status: "failed" });
	});

	test("not a body that was changed", async () => {
		await charge();
		await arrived(1);
		const [body = ""] = receiver.bodies;
		const signature = await stripe.webhooks.generateTestHeaderStringAsync({
			payload: body,
			secret: "whsec_other",
		});
		const checked = stripe.webhooks.constructEventAsync(body, signature, SANDBOX_WEBHOOK_SECRET);
		await expect(checked).rejects.toThrow("signature");
	});
});

test("an answer given again makes no second event", async () => {
	const one = await charge({}, "hook-again");
	expect((await charge({}, "hook-again")).id).toBe(one.id);
	const { id } = await charge();
	await arrived(2);
	const objects = receiver.events.map(({ data }) => (data.object as Stripe.PaymentIntent).id);
	expect(objects.sort()).toEqual([one.id, id].sort());
});

test("an event that is not taken comes again, the same", async () => {
	receiver.answerWith(500);
	await charge();
	await eventually(() => expect(receiver.bodies.length).toBeGreaterThan(2));
	receiver.answerWith(200);
	await arrived(1);
	expect(new Set(receiver.bodies).size).toBe(1);
});

test("events come twice and out of order when told to", async () => {
	const charges = 30;
	await sandbox.webhook({ duplicate: 1, reorder: 0.5 });
	const made: string[] = [];
	for (let at = 0; at < charges; at++) made.push((await charge()).id);
	await arrived(2 * charges);
	const order = receiver.events.map(({ data }) => (data.object as Stripe.PaymentIntent).id);
	expect(new Set(receiver.events.map(({ id }) => id)).size).toBe(charges);
	expect([...new Set(order)].sort()).toEqual([...made].sort());
	expect([...new Set(order)]).not.toEqual(made);
});

test("nothing is sent without an address", async () => {
	await sandbox.webhook({ url: null });
	const { webhooks } = await sandbox.stats();
	await charge();
	expect((await sandbox.stats()).webhooks).toEqual(webhooks);
});

test("settings that cannot be are refused", async () => {
	await expect(sandbox.webhook({ duplicate: 2 })).rejects.toThrow("from 0 to 1");
	await expect(sandbox.webhook({ url: "nowhere" })).rejects.toThrow("url is an address");
});
