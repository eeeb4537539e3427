import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type {
	BookEntry,
	Gateway,
	GatewayRequest,
	GatewayResult,
} from "../../src/gateway/gateway.ts";
import { GatewayError } from "../../src/gateway/gateway-error.ts";
import { createGuardedGateway, type GuardSettings } from "../../src/gateway/guarded-gateway.ts";
import { createStripeGateway } from "../../src/gateway/stripe-gateway.ts";
import { readWebhook, type Webhook } from "../../src/gateway/webhook.ts";
import type { FaultSettings } from "../../src/sandbox/faults.ts";
import type { OutageKind } from "../../src/sandbox/outage.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { describeGateway, type Fault, type GatewayRig } from "../support/gateway-conformance.ts";
import {
	type LedgerRecord,
	SANDBOX_KEY,
	SANDBOX_WEBHOOK_SECRET,
	type SandboxProcess,
	startSandbox,
} from "../support/sandbox.ts";
import { eventually } from "../support/wait.ts";

const CALL_TIMEOUT_MS = 1_000;
const DAY_MS = 86_400_000;

function stripeAt(url: string): Gateway {
	return createStripeGateway({
		api_key: SANDBOX_KEY,
		api_url: url,
		call_timeout_ms: CALL_TIMEOUT_MS,
		default_token: undefined,
	});
}

function guard(inner: Gateway, settings: Partial<GuardSettings> = {}): Gateway {
	const limits = { calls_in_flight_max: 64, breaker_failures: 1_000, pause_ms: 5_000 };
	const log = createLog({ level: "silent", pretty: false });
	return createGuardedGateway(inner, { ...limits, ...settings }, { log, metrics: createMetrics() });
}

const sandboxFault = {
	lost_after: "timeout_after",
	reset_after: "reset_after",
	error_after: "error_after",
	truncated_after: "truncate",
	error_before: "error_before",
	closed_before: "refuse",
	rate_limited: "rate_limit",
} as const satisfies Record<Exclude<Fault, "late">, string>;

function toFaults(fault: Fault, share: number): FaultSettings["charge"] {
	return fault === "late"
		? { latency: `${CALL_TIMEOUT_MS + 200}` }
		: { [sandboxFault[fault]]: share };
}

function toEntries(records: readonly LedgerRecord[]): BookEntry[] {
	return records
		.filter(({ status }) => status === "succeeded")
		.map(({ kind, id: reference, amount, currency, metadata }) => ({
			kind: kind === "refund" ? "refund" : "charge",
			key: metadata.refund_id ?? metadata.charge_id,
			order_id: metadata.order_id,
			amount,
			currency: currency.toUpperCase(),
			reference,
		}));
}

/** Hears what the sandbox tells, and checks that it is the sandbox. */
function startHearing() {
	const heard: Webhook[] = [];
	const server = Bun.serve({
		port: 0,
		hostname: "127.0.0.1",
		async fetch(request) {
			const signature = request.headers.get("stripe-signature") ?? undefined;
			heard.push(await readWebhook(await request.text(), signature, SANDBOX_WEBHOOK_SECRET));
			return new Response();
		},
	});
	return { heard, url: server.url.href, stop: () => server.stop(true) };
}

async function startRig(toGateway: (url: string) => Gateway, key_lifetime_ms: number) {
	const sandbox = await startSandbox(["--key-lifetime", `${key_lifetime_ms}ms`, "--seed", "7"]);
	const hearing = startHearing();
	const { url } = hearing;
	await sandbox.webhook({ url, duplicate: 1 });
	return {
		gateway: toGateway(sandbox.url),
		tokens: {
			pays: "pm_card_visa",
			declined: "tok_chargeDeclinedLostCard",
			refund_fails: "pm_card_refundFail",
		},
		webhooks: hearing.heard,
		befall: (kind, fault, share = 1) =>
			sandbox.faults(fault === undefined ? {} : { [kind]: toFaults(fault, share) }),
		async befallen(fault) {
			if (fault === "late") throw new Error("Time is not counted as a fault");
			return (await sandbox.stats()).faults[sandboxFault[fault]] ?? 0;
		},
		ledger: async () => toEntries(await sandbox.ledger()),
		takeAway: () => sandbox.kill9(),
		async bringBack() {
			await sandbox.start();
			await sandbox.webhook({ url, duplicate: 1 });
		},
		keysForgotten: () => Bun.sleep(key_lifetime_ms + 100),
		latePosts: async () => (await sandbox.stats()).late_posts,
		async stop() {
			await sandbox.stop();
			await hearing.stop();
		},
	} satisfies GatewayRig;
}

describeGateway("the stripe gateway", {
	start: (key_lifetime_ms = DAY_MS) => startRig(stripeAt, key_lifetime_ms),
	absorbs_rate_limit: false,
});

describeGateway("the guarded stripe gateway", {
	start: (key_lifetime_ms = DAY_MS) => startRig((url) => guard(stripeAt(url)), key_lifetime_ms),
	absorbs_rate_limit: true,
});

describe("an outage of the gateway", () => {
	let sandbox: SandboxProcess;
	beforeAll(async () => {
		sandbox = await startSandbox();
	}, 30_000);
	afterAll(() => sandbox.stop());

	test.each(["error", "reset", "hang", "refuse"] as const)(
		"%s: few calls are made for nothing, and afterwards every order is paid once",
		async (kind) => {
			const settings = { calls_in_flight_max: 4, breaker_failures: 5, pause_ms: 100 };
			const gateway = guard(stripeAt(sandbox.url), settings);
			const requests = orders(40);
			await beginOutage(kind);
			const during = await submitAll(gateway, requests);
			const undecided = new Set(during.map(({ state }) => state));
			expect(undecided.has("succeeded") || undecided.has("declined")).toBe(false);
			const tried = during.filter((it) => !isHeldBack(it));
			expect(tried.length).toBeWithin(5, 5 + 4);
			expect(gateway.available()).toBe(false);
			await endOutage(kind);
			await eventually(() => expect(gateway.available()).toBe(true));
			const after = await submitAll(gateway, requests);
			expect(new Set(after.map(({ state }) => state))).toEqual(new Set(["succeeded"]));
			const keys = new Set<string | undefined>(requests.map(({ key }) => key));
			const moved = toEntries(await sandbox.ledger()).filter(({ key }) => keys.has(key));
			expect(moved).toHaveLength(40);
		},
		60_000,
	);

	/** An address that refuses cannot be told to end it: that one ends by itself. */
	async function beginOutage(kind: OutageKind) {
		await sandbox.outage(kind, kind === "refuse" ? 2 : 600);
		await eventually(async () => expect(await outageNow()).toBe(kind));
	}

	async function endOutage(kind: OutageKind) {
		if (kind !== "refuse") await sandbox.endOutage();
		await eventually(async () => expect(await outageNow()).toBeNull());
	}

	function outageNow(): Promise<OutageKind | null> {
		return sandbox.stats().then(
			({ outage }) => outage.kind,
			() => "refuse",
		);
	}

	test("a wrong key is the gateway's matter, not the orders'", async () => {
		const stripe = createStripeGateway({
			api_key: "pk_wrong",
			api_url: sandbox.url,
			call_timeout_ms: CALL_TIMEOUT_MS,
			default_token: undefined,
		});
		const gateway = guard(stripe, { calls_in_flight_max: 1, breaker_failures: 3 });
		const results = await submitAll(gateway, orders(10));
		expect(new Set(results.map(({ state }) => state))).toEqual(new Set(["not_sent"]));
		expect(results.filter((it) => !isHeldBack(it))).toHaveLength(3);
		expect(gateway.available()).toBe(false);
	});
});

function orders(count: number): GatewayRequest[] {
	return Array.from({ length: count }, () => {
		const key = crypto.randomUUID();
		const of = {
			kind: "charge",
			amount: 990,
			currency: "EUR",
			charge_reference: undefined,
		} as const;
		return { ...of, key, order_id: `order-${key}`, payment_token: "pm_card_visa" };
	});
}

async function submitAll(gateway: Gateway, requests: readonly GatewayRequest[]) {
	const results: GatewayResult[] = [];
	await gateway.submit(requests, performance.now() + 10_000, (position, result) => {
		results[position] = result;
	});
	return results;
}

function isHeldBack(result: GatewayResult): boolean {
	if (!("error" in result) || !(result.error instanceof GatewayError)) return false;
	return result.error.failure === "held_back";
}
