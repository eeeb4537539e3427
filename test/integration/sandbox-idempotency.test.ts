import { afterAll, describe, expect, test } from "bun:test";
import Stripe from "stripe";
import { type SandboxProcess, startSandbox } from "../support/sandbox.ts";
import { chargeParams, post, refusal } from "../support/sandbox-client.ts";
import { eventually } from "../support/wait.ts";

const BODY =
	"amount=1250&currency=eur&confirm=true&payment_method=pm_card_visa&metadata[a]=1&metadata[b]=2";

const sandbox = await startSandbox();
const stripe = sandbox.stripe();
afterAll(() => sandbox.stop());

const newKey = () => `key-${crypto.randomUUID()}`;

async function send(key: string, body = BODY, at: SandboxProcess = sandbox) {
	const answer = await post(at.url, "/v1/payment_intents", body, { "idempotency-key": key });
	const replayed = answer.headers.get("idempotent-replayed");
	return { status: answer.status, replayed, body: await answer.text() };
}

describe("a key that was used", () => {
	test("gives the same answer again, byte for byte, and moves no money", async () => {
		const key = newKey();
		const first = await send(key);
		expect(first).toMatchObject({ status: 200, replayed: null });
		const { charges, replays } = await sandbox.stats();
		for (let at = 0; at < 3; at++) expect(await send(key)).toEqual({ ...first, replayed: "true" });
		expect(await sandbox.stats()).toMatchObject({ charges, replays: replays + 3 });
	});

	test("gives the same answer after what it answered has changed", async () => {
		const key = newKey();
		const first = await send(key, "amount=5&currency=eur");
		await stripe.paymentIntents.cancel(JSON.parse(first.body).id);
		expect(await send(key, "amount=5&currency=eur")).toEqual({ ...first, replayed: "true" });
	});

	test("does not mind the order of the parameters", async () => {
		const key = newKey();
		const { body } = await send(key);
		const turned = await send(key, BODY.split("&").reverse().join("&"));
		expect(turned).toEqual({ status: 200, replayed: "true", body });
	});

	test.each([
		BODY.replace("1250", "1251"),
		BODY.replace("metadata[a]=1&metadata[b]=2", "metadata[a]=2&metadata[b]=1"),
		BODY.replace("&metadata[b]=2", ""),
	])("is refused with other parameters: %s", async (body) => {
		const idempotencyKey = newKey();
		const first = await send(idempotencyKey);
		const other = await send(idempotencyKey, body);
		expect(other).toMatchObject({ status: 400, replayed: null });
		expect(JSON.parse(other.body).error.type).toBe("idempotency_error");
		expect(await send(idempotencyKey)).toMatchObject({ body: first.body });
		const told = refusal(stripe.refunds.create({ payment_intent: "pi_1" }, { idempotencyKey }));
		expect(await told).toBeInstanceOf(Stripe.errors.StripeIdempotencyError);
	});

	test("keeps a decline", async () => {
		const key = newKey();
		const body = BODY.replace("pm_card_visa", "pm_card_chargeDeclinedLostCard");
		const first = await send(key, body);
		expect(first.status).toBe(402);
		const { charges } = await sandbox.stats();
		expect(await send(key, body)).toEqual({ ...first, replayed: "true" });
		expect((await sandbox.stats()).charges).toEqual(charges);
	});

	test("keeps a refusal that came from how things stood", async () => {
		const { id } = await stripe.paymentIntents.create(chargeParams({ amount: 100 }));
		const key = newKey();
		const much = () =>
			post(sandbox.url, "/v1/refunds", `payment_intent=${id}&amount=101`, {
				"idempotency-key": key,
			});
		expect((await much()).status).toBe(400);
		const again = await much();
		expect([again.status, again.headers.get("idempotent-replayed")]).toEqual([400, "true"]);
	});
});

describe("nothing is kept under a key", () => {
	test("when the parameters were wrong", async () => {
		const key = newKey();
		expect((await send(key, "amount=5")).status).toBe(400);
		expect(await send(key)).toMatchObject({ status: 200, replayed: null });
	});

	test("when the caller was not let in", async () => {
		const key = newKey();
		const headers = { "idempotency-key": key, authorization: "Bearer nobody" };
		expect((await post(sandbox.url, "/v1/payment_intents", BODY, headers)).status).toBe(401);
		expect(await send(key)).toMatchObject({ status: 200, replayed: null });
	});

	test("when the rate was too high", async () => {
		const key = newKey();
		await sandbox.faults({ charge: { rate_limit: 1 } });
		expect((await send(key)).status).toBe(429);
		await sandbox.faults({});
		expect(await send(key)).toMatchObject({ status: 200, replayed: null });
	});
});

test("a key has at most 255 characters", async () => {
	expect((await send("k".repeat(255))).status).toBe(200);
	const error = await refusal(
		stripe.paymentIntents.create(chargeParams(), { idempotencyKey: "k".repeat(256) }),
	);
	expect(error.statusCode).toBe(400);
});

test("a twin of a request that is at work is told so, and the money moves once", async () => {
	const key = newKey();
	const before = await sandbox.stats();
	await sandbox.faults({ charge: { latency: "2000" } });
	const first = send(key);
	await eventually(async () => expect((await sandbox.stats()).keys_at_work).toBe(1));
	const twin = await send(key);
	expect(twin.status).toBe(409);
	expect(JSON.parse(twin.body).error).toMatchObject({ code: "idempotency_key_in_use" });
	await sandbox.faults({});
	expect(await first).toMatchObject({ status: 200, replayed: null });
	expect(await send(key)).toEqual({ ...(await first), replayed: "true" });
	expect((await sandbox.stats()).charges.count).toBe(before.charges.count + 1);
});

test("many twins at once move the money once", async () => {
	const before = (await sandbox.stats()).charges.count;
	const key = newKey();
	const statuses = await Promise.all(
		Array.from({ length: 20 }, async () => (await send(key)).status),
	);
	expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(0);
	expect(statuses.every((status) => status === 200 || status === 409)).toBe(true);
	expect((await sandbox.stats()).charges.count).toBe(before + 1);
});

test("a key that is forgotten moves money again, and that is counted, also after a restart", async () => {
	const forgetful = await startSandbox(["--key-lifetime", "1ms"]);
	const key = newKey();
	const first = await send(key, BODY, forgetful);
	expect((await forgetful.stats()).late_posts).toBe(0);
	const second = await eventually(async () => {
		const answer = await send(key, BODY, forgetful);
		expect(answer.body).not.toBe(first.body);
		return answer;
	});
	expect(second).toMatchObject({ status: 200, replayed: null });
	const { late_posts, charges } = await forgetful.stats();
	expect({ late_posts, count: charges.count }).toEqual({ late_posts: 1, count: 2 });
	await forgetful.kill9();
	await forgetful.start();
	expect((await forgetful.stats()).late_posts).toBe(1);
	await forgetful.stop();
});
