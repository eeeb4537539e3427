import type { BookEntry, Gateway } from "../../src/gateway/gateway.ts";
import { readWebhook, type Webhook } from "../../src/gateway/webhook.ts";
import type { FaultSettings } from "../../src/sandbox/faults.ts";
import type { Fault, GatewayRig } from "./gateway-conformance.ts";
import { type LedgerRecord, SANDBOX_WEBHOOK_SECRET, startSandbox } from "./sandbox.ts";

/** Longer than a call of the gateways that are tried with it may take. */
const LATE_MS = 1_500;

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
	return fault === "late" ? { latency: `${LATE_MS}` } : { [sandboxFault[fault]]: share };
}

/** What moved, of the records of a sandbox's ledger. */
export function toEntries(records: readonly LedgerRecord[]): BookEntry[] {
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

/** A gateway in front of a sandbox process of its own. */
export async function startSandboxRig(
	toGateway: (url: string) => Gateway,
	key_lifetime_ms: number,
) {
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
