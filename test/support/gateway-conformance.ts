import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type {
	BookEntry,
	Gateway,
	GatewayRequest,
	GatewayResult,
} from "../../src/gateway/gateway.ts";
import type { Webhook } from "../../src/gateway/webhook.ts";
import { eventually } from "./wait.ts";

/** What can befall a call that moves money. `_after`: it moved. */
export type Fault =
	| "lost_after"
	| "late"
	| "reset_after"
	| "error_after"
	| "truncated_after"
	| "error_before"
	| "closed_before"
	| "rate_limited";

/** An adapter with its gateway behind it, and what can be done to that gateway. */
export interface GatewayRig {
	readonly gateway: Gateway;
	readonly tokens: {
		readonly pays: string;
		/** Declined as `lost_card`. */
		readonly declined: string;
		/** Pays, but what is given back later fails to arrive. */
		readonly refund_fails: string;
	};
	/** Every webhook the gateway sent so far, each of them twice. */
	readonly webhooks: readonly Webhook[];
	/** Befalls this share of the calls of a kind, until it is set anew. */
	befall(kind: GatewayRequest["kind"], fault: Fault | undefined, share?: number): Promise<void>;
	/** How many calls it befell so far. */
	befallen(fault: Fault): Promise<number>;
	/** All money that moved, in the gateway's own ledger. */
	ledger(): Promise<readonly BookEntry[]>;
	/** Nobody listens at its address until it is brought back, with all it knew. */
	takeAway(): Promise<void>;
	bringBack(): Promise<void>;
	/** Resolves when the gateway has forgotten the keys it has seen so far. */
	keysForgotten(): Promise<void>;
	/** Calls that came with a key it had forgotten. */
	latePosts(): Promise<number>;
	stop(): Promise<void>;
}

interface Conformance {
	/** @param key_lifetime_ms how long its gateway remembers a key */
	start(key_lifetime_ms?: number): Promise<GatewayRig>;
	/** Whether it sends calls again that are turned away for their rate. */
	readonly absorbs_rate_limit: boolean;
}

const SEND_MS_MAX = 30_000;
const TEST_MS_MAX = 60_000;
const KEY_LIFETIME_MS = 2_000;

function charge(payment_token: string, amount = 1_200): GatewayRequest {
	const key = crypto.randomUUID();
	const order_id = `order-${key}`;
	const of = { kind: "charge", currency: "EUR", charge_reference: undefined } as const;
	return { ...of, key, order_id, amount, payment_token };
}

function refund(charge_reference: string, amount: number): GatewayRequest {
	const key = crypto.randomUUID();
	const order_id = `order-${key}`;
	const of = { kind: "refund", currency: "EUR", payment_token: undefined } as const;
	return { ...of, key, order_id, amount, charge_reference };
}

async function submitAll(gateway: Gateway, requests: readonly GatewayRequest[]) {
	const results: GatewayResult[] = [];
	await gateway.submit(requests, performance.now() + SEND_MS_MAX, (position, result) => {
		if (results[position] !== undefined) throw new Error(`position ${position} is told twice`);
		results[position] = result;
	});
	return results;
}

async function submit(gateway: Gateway, request: GatewayRequest): Promise<GatewayResult> {
	const [result] = await submitAll(gateway, [request]);
	if (result === undefined) throw new Error("nothing is told");
	return result;
}

function referenceOf(result: GatewayResult): string {
	if (result.state !== "succeeded") throw new Error(`it is ${JSON.stringify(result)}`);
	return result.reference;
}

async function paidCharge(rig: GatewayRig, amount?: number): Promise<string> {
	return referenceOf(await submit(rig.gateway, charge(rig.tokens.pays, amount)));
}

async function movedFor(rig: GatewayRig, { key }: GatewayRequest): Promise<readonly BookEntry[]> {
	return (await rig.ledger()).filter((entry) => entry.key === key);
}

/** What every adapter has to do, whatever its gateway does meanwhile. */
export function describeGateway(name: string, conformance: Conformance): void {
	describe(name, () => {
		let rig: GatewayRig;
		beforeAll(async () => {
			rig = await conformance.start();
		}, TEST_MS_MAX);
		afterAll(() => rig.stop());
		const held = () => rig;

		describe("moves money once a key", () => movesOnce(held));
		describe("when the answer does not come", () => lostAnswers(held));
		describe("when nothing was carried out", () => nothingDone(held, conformance));
		describe("gives money back", () => givesBack(held));
		describe("keeps books", () => keepsBooks(held));
		describe("tells by webhook", () => tellsByWebhook(held));
		describe("after the gateway forgot a key", () => forgottenKeys(conformance));
	});
}

type Held = () => GatewayRig;

function movesOnce(held: Held) {
	test("and gives the same answer again", async () => {
		const rig = held();
		const request = charge(rig.tokens.pays);
		const first = await submit(rig.gateway, request);
		expect(first.state).toBe("succeeded");
		expect(await submit(rig.gateway, request)).toEqual(first);
		const { key, order_id, amount, currency } = request;
		const entry = { kind: "charge", key, order_id, amount, currency } as const;
		expect(await movedFor(rig, request)).toEqual([{ ...entry, reference: referenceOf(first) }]);
		expect(await rig.gateway.lookUp(request)).toEqual(referenceTo(first));
	});

	test("and a decline stays one", async () => {
		const rig = held();
		const request = charge(rig.tokens.declined);
		const declined: GatewayResult = { state: "declined", code: "lost_card" };
		expect(await submit(rig.gateway, request)).toEqual(declined);
		expect(await submit(rig.gateway, request)).toEqual(declined);
		expect(await rig.gateway.lookUp(request)).toEqual(declined);
		expect(await movedFor(rig, request)).toEqual([]);
	});

	test("also for many at once, each told at its position", async () => {
		const rig = held();
		const { pays, declined } = rig.tokens;
		const requests = Array.from({ length: 300 }, (_, n) => charge(n % 3 ? pays : declined));
		const results = await submitAll(rig.gateway, requests);
		const wanted = requests.map((_, n) => (n % 3 ? "succeeded" : "declined"));
		expect(results.map(({ state }) => state as string)).toEqual(wanted);
		const references = new Map((await rig.ledger()).map(({ key, reference }) => [key, reference]));
		const told = results.map((it) => (it.state === "succeeded" ? it.reference : undefined));
		expect(requests.map(({ key }) => references.get(key))).toEqual(told);
	});

	test("also for twins at once", async () => {
		const rig = held();
		const request = charge(rig.tokens.pays);
		const results = await submitAll(rig.gateway, [request, request, request]);
		const again = await submit(rig.gateway, request);
		const told = results.filter(({ state }) => state === "succeeded" || state === "declined");
		expect(told).toEqual(told.map(() => again));
		expect(told).not.toBeEmpty();
		expect(await movedFor(rig, request)).toHaveLength(1);
	});

	test("and never with other parameters", async () => {
		const rig = held();
		const request = charge(rig.tokens.pays, 1_000);
		const first = await submit(rig.gateway, request);
		const other = await submit(rig.gateway, { ...request, amount: 2_000 });
		expect(other).toMatchObject({ state: "unknown", error: expect.any(Error) });
		expect(await rig.gateway.lookUp(request)).toEqual(referenceTo(first));
		expect(await movedFor(rig, request)).toHaveLength(1);
	});

	test("and none where there is none to move, or no token", async () => {
		const rig = held();
		const free = charge(rig.tokens.pays, 0);
		expect((await submit(rig.gateway, free)).state).toBe("succeeded");
		expect((await rig.gateway.lookUp(free)).state).toBe("succeeded");
		const tokenless = { ...charge(""), payment_token: undefined };
		const declined: GatewayResult = { state: "declined", code: "payment_token_missing" };
		expect(await submit(rig.gateway, tokenless)).toEqual(declined);
		expect([...(await movedFor(rig, free)), ...(await movedFor(rig, tokenless))]).toEqual([]);
	});
}

function lostAnswers(held: Held) {
	test.each(["lost_after", "reset_after", "truncated_after"] as const)(
		"%s: unknown, then the same key gives the same money",
		async (fault) => {
			const rig = held();
			const request = charge(rig.tokens.pays);
			const before = await rig.befallen(fault);
			await rig.befall("charge", fault);
			expect((await submit(rig.gateway, request)).state).toBe("unknown");
			await rig.befall("charge", undefined);
			expect((await rig.befallen(fault)) - before).toBe(1);
			const [entry] = await movedFor(rig, request);
			const succeeded = { state: "succeeded", reference: entry?.reference };
			expect(await rig.gateway.lookUp(request)).toEqual(succeeded as never);
			expect(await submit(rig.gateway, request)).toEqual(succeeded as never);
			expect(await movedFor(rig, request)).toHaveLength(1);
		},
		TEST_MS_MAX,
	);

	test(
		"late: unknown, and a look-up finds what happened after all",
		async () => {
			const rig = held();
			const request = charge(rig.tokens.pays);
			await rig.befall("charge", "late");
			expect((await submit(rig.gateway, request)).state).toBe("unknown");
			await rig.befall("charge", undefined);
			const found = await eventually(async () => {
				const result = await rig.gateway.lookUp(request);
				expect(result.state).toBe("succeeded");
				return result;
			});
			expect(await submit(rig.gateway, request)).toEqual(found as GatewayResult);
			expect(await movedFor(rig, request)).toHaveLength(1);
		},
		TEST_MS_MAX,
	);

	test("error_after: the error is stored for the key, and only a look-up finds the truth", async () => {
		const rig = held();
		const request = charge(rig.tokens.pays);
		await rig.befall("charge", "error_after");
		expect((await submit(rig.gateway, request)).state).toBe("unknown");
		await rig.befall("charge", undefined);
		expect((await submit(rig.gateway, request)).state).toBe("unknown");
		const [entry] = await movedFor(rig, request);
		const succeeded = { state: "succeeded", reference: entry?.reference };
		expect(await rig.gateway.lookUp(request)).toEqual(succeeded as never);
		expect(await movedFor(rig, request)).toHaveLength(1);
	});

	test.each(["error_before", "closed_before"] as const)(
		"%s: unknown, though nothing moved",
		async (fault) => {
			const rig = held();
			const request = charge(rig.tokens.pays);
			await rig.befall("charge", fault);
			expect((await submit(rig.gateway, request)).state).toBe("unknown");
			await rig.befall("charge", undefined);
			expect((await rig.gateway.lookUp(request)).state).toBe("not_found");
			expect(await movedFor(rig, request)).toEqual([]);
		},
	);
}

function nothingDone(held: Held, { absorbs_rate_limit }: Conformance) {
	test("because its time was over: not sent", async () => {
		const rig = held();
		const request = charge(rig.tokens.pays);
		const results: GatewayResult[] = [];
		const tell = (_: number, result: GatewayResult) => void results.push(result);
		await rig.gateway.submit([request], performance.now() - 1, tell);
		expect(results.map(({ state }) => state)).toEqual(["not_sent"]);
		expect((await rig.gateway.lookUp(request)).state).toBe("not_found");
	});

	test(
		"because nobody listens: not sent, and sent again with the same key when somebody does",
		async () => {
			const rig = held();
			const [known, fresh] = [charge(rig.tokens.pays), charge(rig.tokens.pays)];
			const first = await submit(rig.gateway, known);
			await rig.takeAway();
			expect((await submit(rig.gateway, fresh)).state).toBe("not_sent");
			expect((await submit(rig.gateway, known)).state).toBe("not_sent");
			expect((await rig.gateway.lookUp(fresh)).state).toBe("unknown");
			await rig.bringBack();
			expect(await submit(rig.gateway, known)).toEqual(first);
			expect((await submit(rig.gateway, fresh)).state).toBe("succeeded");
			expect(await movedFor(rig, known)).toHaveLength(1);
			expect(await movedFor(rig, fresh)).toHaveLength(1);
		},
		TEST_MS_MAX,
	);

	if (absorbs_rate_limit) rateAbsorbed(held);
	else rateTold(held);
}

function rateTold(held: Held) {
	test("because of its rate: not sent, and told when again", async () => {
		const rig = held();
		const request = charge(rig.tokens.pays);
		await rig.befall("charge", "rate_limited");
		const result = await submit(rig.gateway, request);
		await rig.befall("charge", undefined);
		expect(result).toMatchObject({ state: "not_sent", retry_after_ms: expect.any(Number) });
		expect((await rig.gateway.lookUp(request)).state).toBe("not_found");
		expect((await submit(rig.gateway, request)).state).toBe("succeeded");
		expect(await movedFor(rig, request)).toHaveLength(1);
	});
}

function rateAbsorbed(held: Held) {
	test(
		"because of its rate: sent again, until each is through",
		async () => {
			const rig = held();
			const requests = Array.from({ length: 12 }, () => charge(rig.tokens.pays));
			const before = await rig.befallen("rate_limited");
			await rig.befall("charge", "rate_limited", 0.3);
			const results = await submitAll(rig.gateway, requests);
			await rig.befall("charge", undefined);
			expect(results.map(({ state }) => state)).toEqual(requests.map(() => "succeeded"));
			expect(await rig.befallen("rate_limited")).toBeGreaterThan(before);
			const keys = new Set(requests.map(({ key }) => key));
			const moved = (await rig.ledger()).filter(({ key }) => key && keys.has(key));
			expect(moved).toHaveLength(12);
		},
		TEST_MS_MAX,
	);
}

function givesBack(held: Held) {
	test("once a key, and finds it again", async () => {
		const rig = held();
		const request = refund(await paidCharge(rig, 1_200), 700);
		expect((await rig.gateway.lookUp(request)).state).toBe("not_found");
		const first = await submit(rig.gateway, request);
		expect(first.state).toBe("succeeded");
		expect(await submit(rig.gateway, request)).toEqual(first);
		expect(await rig.gateway.lookUp(request)).toEqual(referenceTo(first));
		expect((await movedFor(rig, request)).map(({ amount }) => amount)).toEqual([700]);
	});

	test("never more than was taken", async () => {
		const rig = held();
		const taken = await paidCharge(rig, 1_000);
		const states: string[] = [];
		const requests = [600, 600, 400, 1].map((amount) => refund(taken, amount));
		for (const request of requests) states.push((await submit(rig.gateway, request)).state);
		expect(states).toEqual(["succeeded", "declined", "succeeded", "declined"]);
		const moved = await Promise.all(requests.map((request) => movedFor(rig, request)));
		expect(moved.flat().map(({ amount }) => amount)).toEqual([600, 400]);
	});

	test.each(["lost_after", "reset_after", "error_after"] as const)(
		"%s: unknown, then looked up",
		async (fault) => {
			const rig = held();
			const request = refund(await paidCharge(rig), 1_200);
			await rig.befall("refund", fault);
			expect((await submit(rig.gateway, request)).state).toBe("unknown");
			await rig.befall("refund", undefined);
			const found = await rig.gateway.lookUp(request);
			expect(found.state).toBe("succeeded");
			expect(await submit(rig.gateway, request)).toMatchObject(
				fault === "error_after" ? { state: "unknown" } : found,
			);
			expect(await movedFor(rig, request)).toHaveLength(1);
		},
		TEST_MS_MAX,
	);

	test("of nothing that is known: declined", async () => {
		const { gateway } = held();
		expect((await submit(gateway, refund("pi_nobody_knows", 100))).state).toBe("declined");
		const nameless = { ...refund("", 100), charge_reference: undefined };
		expect((await submit(gateway, nameless)).state).toBe("declined");
		expect((await gateway.lookUp(nameless)).state).toBe("not_found");
	});

	test("a refund that is under way is unknown until it has failed", async () => {
		const rig = held();
		const taken = await submit(rig.gateway, charge(rig.tokens.refund_fails));
		const request = refund(referenceOf(taken), 500);
		expect((await submit(rig.gateway, request)).state).toBe("unknown");
		await eventually(async () =>
			expect((await rig.gateway.lookUp(request)).state).toBe("declined"),
		);
		expect(await movedFor(rig, request)).toEqual([]);
	});
}

function keepsBooks(held: Held) {
	test(
		"that hold all money that moved, over several pages, and no other",
		async () => {
			const rig = held();
			const { pays, declined } = rig.tokens;
			const charges = Array.from({ length: 230 }, (_, n) => charge(n % 10 ? pays : declined));
			const taken = (await submitAll(rig.gateway, charges)).flatMap((it) =>
				it.state === "succeeded" ? [it.reference] : [],
			);
			const refunds = taken.slice(0, 130).map((reference) => refund(reference, 300));
			await submitAll(rig.gateway, refunds);
			const pages: (readonly BookEntry[])[] = [];
			for await (const page of rig.gateway.books(0)) pages.push(page);
			expect(pages.length).toBeGreaterThan(3);
			const booked = pages.flat();
			const ledger = await rig.ledger();
			expect(booked.length).toBeGreaterThan(330);
			expect(sorted(booked)).toEqual(sorted(ledger));
		},
		TEST_MS_MAX,
	);

	test("newest first", async () => {
		const rig = held();
		const first = await paidCharge(rig);
		const second = await paidCharge(rig);
		const references: string[] = [];
		for await (const page of rig.gateway.books(0)) {
			references.push(...page.map(({ reference }) => reference));
		}
		expect(references.indexOf(second)).toBeGreaterThanOrEqual(0);
		expect(references.indexOf(second)).toBeLessThan(references.indexOf(first));
	});

	test("since a time, and may be left early", async () => {
		const rig = held();
		const reference = await paidCharge(rig);
		const nothing: unknown[] = [];
		for await (const page of rig.gateway.books(Date.now() + 60_000)) nothing.push(...page);
		expect(nothing).toEqual([]);
		for await (const page of rig.gateway.books(0)) {
			expect(page.map((entry) => entry.reference)).toContain(reference);
			break;
		}
	});
}

function tellsByWebhook(held: Held) {
	test("what was decided, and when it comes twice it says the same", async () => {
		const rig = held();
		const paid = charge(rig.tokens.pays);
		const refused = charge(rig.tokens.declined);
		const [paid_result, refused_result] = await submitAll(rig.gateway, [paid, refused]);
		const back = refund(referenceOf(paid_result as GatewayResult), 200);
		const back_result = await submit(rig.gateway, back);
		for (const [request, result] of [
			[paid, paid_result],
			[refused, refused_result],
			[back, back_result],
		] as const) {
			const { key, kind, order_id, amount, currency } = request;
			const told = await eventually(() => {
				const heard = rig.webhooks.filter((it) => "key" in it && it.key === key);
				expect(heard.length).toBeGreaterThanOrEqual(2);
				return heard;
			});
			for (const webhook of told) {
				expect(webhook).toMatchObject({ key, kind, order_id, amount, currency, result });
			}
			const ids = told.map(({ event_id }) => event_id);
			expect(new Set(ids).size).toBeLessThan(ids.length);
		}
	});

	test("what nobody was told when it was carried out", async () => {
		const rig = held();
		const request = charge(rig.tokens.pays);
		await rig.befall("charge", "reset_after");
		await submit(rig.gateway, request);
		await rig.befall("charge", undefined);
		const found = await rig.gateway.lookUp(request);
		await eventually(() => {
			const heard = rig.webhooks.find((it) => "key" in it && it.key === request.key);
			expect(heard).toMatchObject({ kind: "charge", result: found });
		});
	});
}

function forgottenKeys({ start }: Conformance) {
	let rig: GatewayRig;
	beforeAll(async () => {
		rig = await start(KEY_LIFETIME_MS);
	}, TEST_MS_MAX);
	afterAll(() => rig.stop());

	test(
		"a look-up still finds the money, and asks without moving any",
		async () => {
			const [lost, never] = [charge(rig.tokens.pays), charge(rig.tokens.pays)];
			await rig.befall("charge", "reset_after");
			expect((await submit(rig.gateway, lost)).state).toBe("unknown");
			await rig.befall("charge", "closed_before");
			expect((await submit(rig.gateway, never)).state).toBe("unknown");
			await rig.befall("charge", undefined);
			await rig.keysForgotten();
			expect((await rig.gateway.lookUp(lost)).state).toBe("succeeded");
			expect((await rig.gateway.lookUp(never)).state).toBe("not_found");
			expect(await movedFor(rig, lost)).toHaveLength(1);
			expect(await rig.latePosts()).toBe(0);
		},
		TEST_MS_MAX,
	);
}

/** A look-up's answer to a request that got this one. */
function referenceTo(result: GatewayResult) {
	return { state: "succeeded", reference: referenceOf(result) } as const;
}

function sorted(entries: readonly BookEntry[]): BookEntry[] {
	return entries.toSorted((a, b) => a.reference.localeCompare(b.reference));
}
