import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Gateway, GatewayRequest, GatewayResult } from "../../src/gateway/gateway.ts";
import { GatewayError } from "../../src/gateway/gateway-error.ts";
import { createGuardedGateway, type GuardSettings } from "../../src/gateway/guarded-gateway.ts";
import { createStripeGateway } from "../../src/gateway/stripe-gateway.ts";
import type { OutageKind } from "../../src/sandbox/outage.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { describeGateway } from "../support/gateway-conformance.ts";
import { startSandboxRig, toEntries } from "../support/gateway-rig.ts";
import { SANDBOX_KEY, type SandboxProcess, startSandbox } from "../support/sandbox.ts";
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

describeGateway("the stripe gateway", {
	start: (key_lifetime_ms = DAY_MS) => startSandboxRig(stripeAt, key_lifetime_ms),
	absorbs_rate_limit: false,
});

describeGateway("the guarded stripe gateway", {
	start: (key_lifetime_ms = DAY_MS) =>
		startSandboxRig((url) => guard(stripeAt(url)), key_lifetime_ms),
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
			expect(gateway.capacity()).toBe(0);
			await endOutage(kind);
			await eventually(() => expect(gateway.capacity()).toBeGreaterThan(0));
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
		expect(gateway.capacity()).toBe(0);
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
