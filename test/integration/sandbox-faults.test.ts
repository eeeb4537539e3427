import { afterAll, afterEach, describe, expect, test } from "bun:test";
import type { FaultSettings } from "../../src/sandbox/faults.ts";
import { type SandboxProcess, startSandbox } from "../support/sandbox.ts";
import { chargeParams, post, refusal } from "../support/sandbox-client.ts";
import { eventually } from "../support/wait.ts";

const sandbox = await startSandbox();
const stripe = sandbox.stripe({ timeout: 300 });
afterAll(() => sandbox.stop());
afterEach(() => sandbox.faults({}));

const newKey = () => `key-${crypto.randomUUID()}`;
const charge = (idempotencyKey: string) =>
	stripe.paymentIntents.create(chargeParams(), { idempotencyKey });

/** What changed in the counts while `work` ran. */
async function counted(work: () => Promise<unknown>, at: SandboxProcess = sandbox) {
	const before = await at.stats();
	await work();
	const after = await at.stats();
	const grown = (name: string) => (after.faults[name] ?? 0) - (before.faults[name] ?? 0);
	return {
		charges: after.charges.count - before.charges.count,
		refunds: after.refunds.count - before.refunds.count,
		replays: after.replays - before.replays,
		grown,
	};
}

/** What a charge without a client in between sees: a status, or why there was none. */
async function seen(key: string): Promise<number | string> {
	const body = "amount=1250&currency=eur&confirm=true&payment_method=pm_card_visa";
	try {
		const headers = { "idempotency-key": key };
		const answer = await post(sandbox.url, "/v1/payment_intents", body, headers, 300);
		await answer.json();
		return answer.status;
	} catch (error) {
		return "code" in Object(error) ? (error as { code: string | number }).code : `${error}`;
	}
}

const TIMEOUT = DOMException.TIMEOUT_ERR;

describe("a fault of a charge: what is seen, whether money moved, and what the key answers afterwards", () => {
	test.each([
		["refuse", "ECONNRESET", false, 200],
		["rate_limit", 429, false, 200],
		["error_before", 500, false, 500],
		["error_after", 500, true, 500],
		["reset_after", "ECONNRESET", true, 200],
		["timeout_after", TIMEOUT, true, 200],
		["truncate", "ECONNRESET", true, 200],
	] as const)("%s", async (fault, sight, moved, again) => {
		const key = newKey();
		await sandbox.faults({ charge: { [fault]: 1 } });
		const first = await counted(async () => expect(await seen(key)).toBe(sight as string));
		expect(first).toMatchObject({ charges: moved ? 1 : 0, refunds: 0, replays: 0 });
		expect(first.grown(fault)).toBe(1);

		await sandbox.faults({});
		const second = await counted(async () => expect(await seen(key)).toBe(again));
		const was_kept = moved || again === 500;
		expect(second).toMatchObject({ charges: was_kept ? 0 : 1, replays: was_kept ? 1 : 0 });
	});

	test("a lost answer is replayed also while the fault goes on", async () => {
		const key = newKey();
		await sandbox.faults({ charge: { reset_after: 1 } });
		expect([await seen(key), await seen(key)]).toEqual(["ECONNRESET", 200]);
	});

	test("the official client sends once more by itself when the connection is reset", async () => {
		await sandbox.faults({ charge: { reset_after: 1 } });
		const both = await counted(async () =>
			expect((await charge(newKey())).status).toBe("succeeded"),
		);
		expect(both).toMatchObject({ charges: 1, replays: 1 });
	});
});

test("half of an answer is the first half", async () => {
	await sandbox.faults({ charge: { truncate: 1 } });
	// On a busy machine the reset may overtake it.
	const text = await eventually(async () => {
		const answer = await post(sandbox.url, "/v1/payment_intents", "amount=1&currency=eur");
		const { value } = (await answer.body?.getReader().read()) ?? {};
		return new TextDecoder().decode(value);
	});
	expect(text).toStartWith('{"id":"pi_');
	expect(() => JSON.parse(text)).toThrow();
});

test("faults of refunds leave charges alone", async () => {
	await sandbox.faults({ refund: { reset_after: 1 } });
	const { id } = await charge(newKey());
	const key = { idempotencyKey: newKey() };
	const both = await counted(() => stripe.refunds.create({ payment_intent: id }, key));
	expect(both).toMatchObject({ charges: 0, refunds: 1, replays: 1 });
	expect(both.grown("reset_after")).toBe(1);
});

test("a decline that is hidden by an error is kept as that error", async () => {
	await sandbox.faults({ charge: { error_after: 1 } });
	const declined = (idempotencyKey: string) =>
		stripe.paymentIntents.create(chargeParams({ payment_method: "pm_card_chargeDeclined" }), {
			idempotencyKey,
		});
	const key = newKey();
	expect((await refusal(declined(key))).statusCode).toBe(500);
	await sandbox.faults({});
	expect((await refusal(declined(key))).statusCode).toBe(500);
});

test("the rate limit says how long to wait", async () => {
	await sandbox.faults({ charge: { rate_limit: 1, retry_after_s: 7 } });
	const answer = await post(sandbox.url, "/v1/payment_intents", "");
	expect([answer.status, answer.headers.get("retry-after")]).toEqual([429, "7"]);
});

test("a held request is carried out after its client has gone", async () => {
	await sandbox.faults({ charge: { latency: "1500" } });
	const key = newKey();
	const gone = await counted(() => refusal(charge(key)));
	expect(gone.charges).toBe(0);
	await sandbox.faults({});
	await eventually(async () => expect((await charge(key)).status).toBe("succeeded"));
	expect((await sandbox.stats()).replays).toBeGreaterThan(0);
});

test("the same seed draws the same faults, in the shares asked for", async () => {
	const flags = [
		"--seed",
		"42",
		"--fault",
		"charge:error_before=0.2,rate_limit=0.3,retry_after_s=0",
	];
	async function statuses(): Promise<number[]> {
		const seeded = await startSandbox(flags);
		const drawn: number[] = [];
		for (let at = 0; at < 300; at++) {
			const answer = await post(seeded.url, "/v1/payment_intents", "amount=1&currency=eur");
			await answer.text();
			drawn.push(answer.status);
		}
		const { faults, seed } = await seeded.stats();
		expect(seed).toBe(42);
		expect(faults.rate_limit).toBe(drawn.filter((status) => status === 429).length);
		expect(faults.error_before).toBe(drawn.filter((status) => status === 500).length);
		await seeded.stop();
		return drawn;
	}
	const [one, other] = [await statuses(), await statuses()];
	expect(other).toEqual(one);
	expect(one.filter((status) => status === 429).length).toBeWithin(60, 121);
	expect(one.filter((status) => status === 500).length).toBeWithin(30, 91);
});

describe("switches", () => {
	const url = `${sandbox.url}/_sandbox/faults`;

	test("are shown and cleared", async () => {
		const settings = { charge: { reset_after: 0.5, latency: "10..20" }, refund: { truncate: 0.1 } };
		await sandbox.faults(settings);
		expect(await (await fetch(url)).json()).toEqual(settings);
		expect((await fetch(url, { method: "DELETE" })).status).toBe(200);
		expect(await (await fetch(url)).json()).toEqual({});
	});

	test.each([
		[{ charge: { reset_before: 1 } }, 'There is no fault "reset_before"'],
		[{ payout: { refuse: 1 } }, 'There is no kind "payout"'],
		[{ charge: { refuse: 2 } }, "refuse is no probability"],
		[{ charge: { refuse: 0.6, truncate: 0.6 } }, "together"],
		[{ charge: { latency: "soon" } }, "latency is no time"],
	])("that cannot be are refused, and nothing changes: %p", async (settings, message) => {
		await sandbox.faults({ charge: { refuse: 0.25 } });
		await expect(sandbox.faults(settings as FaultSettings)).rejects.toThrow(message);
		expect(await (await fetch(url)).json()).toEqual({ charge: { refuse: 0.25 } });
	});

	test("that there are not are named", async () => {
		const answer = await fetch(`${sandbox.url}/_sandbox/none`);
		expect(answer.status).toBe(404);
		expect(await answer.text()).toContain("GET /_sandbox/stats");
	});
});

describe("an outage", () => {
	test.each([
		["reset", "ECONNRESET"],
		["hang", TIMEOUT],
	] as const)("of the kind %s lasts until it is ended, and moves nothing", async (kind, sight) => {
		const key = newKey();
		await sandbox.outage(kind, 60);
		const away = await counted(async () => expect(await seen(key)).toBe(sight as string));
		expect(away.charges).toBe(0);
		expect(away.grown("outage")).toBe(1);
		expect((await sandbox.stats()).outage.kind).toBe(kind);
		await sandbox.endOutage();
		expect(await seen(key)).toBe(200);
		expect((await sandbox.stats()).outage).toEqual({ kind: null, seconds_left: 0 });
	});

	test("with errors keeps nothing", async () => {
		const key = newKey();
		await sandbox.outage("error", 60);
		expect(await seen(key)).toBe(500);
		await sandbox.endOutage();
		expect(await seen(key)).toBe(200);
	});

	test("that refuses closes the port, and opens the same one when its time is over", async () => {
		await sandbox.outage("refuse", 2);
		expect(await seen(newKey())).toBe("ECONNREFUSED");
		await eventually(async () => expect(await seen(newKey())).toBe(200));
		expect((await sandbox.stats()).outage).toEqual({ kind: null, seconds_left: 0 });
	});

	test("is refused when it is none", async () => {
		await expect(sandbox.outage("hang", 0)).rejects.toThrow("Send");
	});
});
