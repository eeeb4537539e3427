import { createEvent } from "../../contracts/events.ts";
import { carryFacts } from "../../contracts/order-events.ts";
import { retryConflicts } from "../../database/retry-conflicts.ts";
import { done, type Handle, type IncomingEvent, type Outcome } from "../../messaging/outcome.ts";
import { type MoneyNeeds, type Move, moveMoney } from "./move-money.ts";
import { chargeId, undoOf } from "./payment.ts";
import type { Charge, StoredCharge } from "./store.ts";

type Cancelled = IncomingEvent<"orders.cancelled.v1">;

const LATER_MS = 1_000;

/** Takes care that cancelled orders cost nothing: forbids a charge that has not begun, refunds one that succeeded. */
export function refundOrders(needs: MoneyNeeds): Handle<"orders.cancelled.v1"> {
	async function undo(
		events: ReadonlyMap<string, Cancelled>,
	): Promise<ReadonlyMap<string, Outcome>> {
		const found = await needs.store.find("charge", [...events.keys()]);
		const charges = new Map(found.map((charge) => [charge.order_id, charge]));
		const outcomes = new Map<string, Outcome>();
		const forbidden: Charge[] = [];
		const refunds: Move[] = [];
		for (const [order_id, event] of events) {
			const charge = charges.get(order_id);
			const what = undoOf(charge?.state);
			if (what === "forbid") forbidden.push(toCharge("charge", event));
			else if (what === "wait") outcomes.set(order_id, { kind: "later", after_ms: LATER_MS });
			else if (what === "refund") refunds.push(refundFor(event, charge as StoredCharge));
		}
		if (forbidden.length > 0) await needs.store.forbid(forbidden);
		if (refunds.length === 0) return outcomes;
		return new Map([...outcomes, ...(await moveMoney(needs, refunds))]);
	}

	return async (events) => {
		const byOrder = new Map(events.map((event) => [event.data.order_id, event]));
		const outcomes = await retryConflicts(() => undo(byOrder));
		return events.map(({ data }) => outcomes.get(data.order_id) ?? done);
	};
}

function toCharge(kind: "charge" | "refund", { data }: Cancelled): Charge {
	const { order_id, tenant_id, customer_id, total_amount, currency } = data;
	const charge_id = chargeId(kind, order_id);
	return {
		kind,
		order_id,
		charge_id,
		tenant_id,
		customer_id,
		amount: total_amount,
		currency,
		payment_token: undefined,
	};
}

/** Gives back what was taken, which is what the charge says, whatever the order says. */
function refundFor(event: Cancelled, charge: StoredCharge): Move {
	const refund = { ...toCharge("refund", event), amount: charge.amount };
	return {
		charge: refund,
		charge_reference: charge.gateway_reference ?? undefined,
		announce: (result) =>
			result.state === "succeeded" ? [announce(event, charge, refund, result.reference)] : [],
		declined: { kind: "dead-letter", reason: "refund declined" },
	};
}

function announce(
	event: Cancelled,
	charge: StoredCharge,
	refund: Charge,
	gateway_reference: string,
) {
	const { charge_id } = charge;
	const refund_id = refund.charge_id;
	const facts = carryFacts(event.data, new Date().toISOString());
	const refunded = { ...facts, charge_id, refund_id, amount: refund.amount, gateway_reference };
	return createEvent("payments.refunded.v1", refund_id, refunded, event.traceparent);
}
