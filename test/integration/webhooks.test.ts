import { afterAll, afterEach, expect, test } from "bun:test";
import Stripe from "stripe";
import { startApp } from "../support/app.ts";
import {
	SANDBOX_KEY,
	SANDBOX_WEBHOOK_SECRET,
	type SandboxProcess,
	startSandbox,
} from "../support/sandbox.ts";
import { privateServers } from "../support/servers.ts";
import { openStreams } from "../support/streams.ts";
import { eventually } from "../support/wait.ts";

const servers = await privateServers();
const sandbox: SandboxProcess = await startSandbox();
afterAll(async () => {
	await servers.close();
	await sandbox.stop();
});
const { sql } = servers;
/** So rarely that only a webhook can tell in time. */
const app = await startApp(servers, {
	settings: { payment: { gateway: "stripe", retry_first_ms: 60_000, retry_last_ms: 60_000 } },
	environment: {
		STRIPE_API_KEY: SANDBOX_KEY,
		STRIPE_API_URL: sandbox.url,
		STRIPE_WEBHOOK_SECRET: SANDBOX_WEBHOOK_SECRET,
	},
});
const streams = await openStreams(servers);
const url = `${app.app.http_url}/v1/webhooks/stripe`;
await app.stockUp("SKU-1", 1_000);
afterEach(() => sandbox.faults({}));

async function heard(order_id: string): Promise<{ type: string; settled: boolean }[]> {
	return sql<{ type: string; settled: boolean }[]>`
		select type, settled from millrace_payment.gateway_events
		where charge_id in (
			select charge_id from millrace_payment.charges where order_id = ${order_id})
		order by settled desc, type`;
}

async function said(order_id: string): Promise<string[]> {
	const found = await streams.messages("PAYMENTS");
	return found.filter((it) => it.json().order_id === order_id).map(({ subject }) => subject);
}

test("a webhook ends a charge whose answer was lost, however often and in what order it comes", async () => {
	await sandbox.webhook({ url, duplicate: 1, reorder: 1 });
	await sandbox.faults({ charge: { timeout_after: 1 } });
	const orders = await Promise.all(Array.from({ length: 5 }, () => app.placeOrder()));
	for (const { order_id } of orders) {
		await app.ended(order_id, "confirmed");
		await eventually(async () => expect(await said(order_id)).toEqual(["payments.completed.v1"]));
		expect((await heard(order_id)).filter(({ settled }) => settled)).toHaveLength(1);
	}
	await eventually(async () => {
		const { delivered } = (await sandbox.stats()).webhooks;
		expect(delivered).toBeGreaterThanOrEqual(2 * orders.length);
	});
});

test("a webhook ends a charge that was declined without an answer", async () => {
	await sandbox.webhook({ url });
	await sandbox.faults({ charge: { timeout_after: 1 } });
	const { order_id } = await app.placeOrder({ payment_token: "tok_chargeDeclined" });
	await app.ended(order_id, "cancelled");
	expect(await said(order_id)).toEqual(["payments.failed.v1"]);
});

test("a webhook about a charge that is known changes nothing", async () => {
	await sandbox.webhook({ url, duplicate: 1 });
	const { order_id } = await app.placeOrder();
	await app.ended(order_id, "confirmed");
	await eventually(async () => expect(await heard(order_id)).not.toBeEmpty());
	expect(await heard(order_id)).toEqual([{ type: "payment_intent.succeeded", settled: false }]);
	expect(await said(order_id)).toEqual(["payments.completed.v1"]);
});

test("a webhook that is not signed by the gateway is refused", async () => {
	const body = JSON.stringify({ id: "evt_1", type: "payment_intent.succeeded", data: {} });
	const json = { "content-type": "application/json" };
	const send = (headers: Record<string, string>) =>
		fetch(url, { method: "POST", body, headers: { ...json, ...headers } });
	const signed = (secret: string, timestamp?: number) =>
		Stripe.webhooks.generateTestHeaderStringAsync({
			payload: body,
			secret,
			...(timestamp !== undefined && { timestamp }),
		});
	expect((await send({})).status).toBe(400);
	expect((await send({ "stripe-signature": "t=1,v1=00" })).status).toBe(400);
	expect((await send({ "stripe-signature": await signed("whsec_other") })).status).toBe(400);
	expect((await send({ "stripe-signature": await signed(SANDBOX_WEBHOOK_SECRET, 1) })).status).toBe(
		400,
	);
	expect(
		await sql`select from millrace_payment.gateway_events where event_id = 'evt_1'`,
	).toBeEmpty();
});

test("a webhook that contradicts what was recorded is logged and changes nothing", async () => {
	await sandbox.webhook({ url: null });
	const { order_id } = await app.placeOrder();
	await app.ended(order_id, "confirmed");
	const [charge] = await sql<{ charge_id: string }[]>`
		select charge_id from millrace_payment.charges where order_id = ${order_id}`;
	const intent = {
		...{ id: "pi_x", object: "payment_intent", amount: 1, currency: "eur", status: "succeeded" },
		metadata: { charge_id: charge?.charge_id, order_id },
	};
	const body = JSON.stringify({
		...{ id: "evt_2", object: "event", type: "payment_intent.succeeded" },
		data: { object: intent },
	});
	const signature = await Stripe.webhooks.generateTestHeaderStringAsync({
		payload: body,
		secret: SANDBOX_WEBHOOK_SECRET,
	});
	const headers = { "content-type": "application/json", "stripe-signature": signature };
	expect((await fetch(url, { method: "POST", body, headers })).status).toBe(200);
	expect(app.lines).toContainEqual(
		expect.objectContaining({ event_id: "evt_2", level: "error", order_id }),
	);
	expect(await heard(order_id)).toBeEmpty();
});
