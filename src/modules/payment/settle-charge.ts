import type { Decided } from "../../gateway/gateway.ts";
import type { Webhook } from "../../gateway/webhook.ts";
import type { Relay } from "../../messaging/relay.ts";
import type { Log } from "../../telemetry/log.ts";
import type { ChargeStore, Settled, StoredCharge } from "./charge-store.ts";
import { announce } from "./events.ts";

export interface SettleNeeds {
	readonly charges: ChargeStore;
	readonly relay: Relay;
	readonly log: Log;
}

/** What a person found out about a charge or refund. */
export type Decision =
	| { readonly outcome: "succeeded"; readonly gateway_reference: string }
	| { readonly outcome: "declined"; readonly decline_code: string };

/** @returns the charge as it stands then; undefined when there is none */
export type Decide = (
	order_id: string,
	charge_id: string,
	decision: Decision,
) => Promise<StoredCharge | "not_parked" | undefined>;

/** Ends a parked charge or refund as a person says. */
export function createDecide({ charges, relay, log }: SettleNeeds): Decide {
	return async (order_id, charge_id, decision) => {
		const found = await findCharge(charges, order_id, charge_id);
		if (found === undefined) return undefined;
		const decided: Decided =
			decision.outcome === "succeeded"
				? { state: "succeeded", reference: decision.gateway_reference }
				: { state: "declined", code: decision.decline_code };
		const written = await charges.decide(toSettled(found, decided), [announce(found, decided)]);
		if (written === undefined) return "not_parked";
		relay.accept(written);
		log.info({ order_id, charge_id, decision }, "a parked charge or refund was decided");
		return findCharge(charges, order_id, charge_id);
	};
}

/** What the gateway says by itself about a charge or refund of ours. */
export type GatewayNews = Exclude<Webhook, { readonly ignored: string }>;

/** Ends an open charge or refund as the gateway says, in whatever order and however often it says so. */
export function createHear({ charges, relay, log }: SettleNeeds) {
	return async (news: GatewayNews): Promise<void> => {
		const { order_id, key, result } = news;
		const found = await findCharge(charges, order_id, key);
		if (found === undefined) {
			log.error({ ...news }, "the gateway speaks of a charge or refund that is not ours");
			return;
		}
		const same = found.amount === news.amount && found.currency === news.currency;
		const contradicted = isOver(found) && found.state !== result.state;
		if (!same || contradicted) {
			const ours = { state: found.state, amount: found.amount, currency: found.currency };
			log.error({ ...news, ours }, "the gateway contradicts what was recorded");
			return;
		}
		// A refund that failed is parked by the resolver, which asks the gateway itself.
		if (found.kind === "refund" && result.state === "declined") return;
		const settled = toSettled(found, result);
		relay.accept(
			await charges.settleByGateway({ ...news, charge_id: key }, settled, [
				announce(found, result),
			]),
		);
	};
}

async function findCharge(charges: ChargeStore, order_id: string, charge_id: string) {
	const found = await charges.ofOrder(order_id);
	return found.find((it) => it.charge_id === charge_id);
}

function isOver({ state }: StoredCharge): boolean {
	return state === "succeeded" || state === "declined" || state === "void";
}

function toSettled({ order_id, kind, request_id }: StoredCharge, decided: Decided): Settled {
	return {
		order_id,
		kind,
		request_id,
		state: decided.state,
		gateway_reference: decided.state === "succeeded" ? decided.reference : undefined,
		decline_code: decided.state === "declined" ? decided.code : undefined,
	};
}
