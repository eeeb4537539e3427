import { crashPoint } from "../../crash-point.ts";
import type { Gateway } from "../../gateway/gateway.ts";
import { done, type Handle, type IncomingEvent } from "../../messaging/outcome.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Mover } from "./move-money.ts";
import { chargeId } from "./payment.ts";
import type { Charge, Claim, PaymentStore } from "./store.ts";
import { writtenWithin } from "./written-within.ts";

export interface ChargeOptions {
	readonly lease_ms: number;
	/** How long a batch waits for its slowest calls. */
	readonly straggler_ms: number;
	/** How long the consumer rests when the gateway is away. */
	readonly pause_ms: number;
}

export interface ChargeNeeds {
	readonly store: PaymentStore;
	readonly gateway: Gateway;
	readonly mover: Mover;
	readonly log: Log;
}

/**
 * Charges orders whose stock is held. Once a charge is claimed, Postgres knows what has to be done: what
 * is not finished in time, and what somebody claimed before and did not finish, is the resolver's.
 */
export function chargeOrders(
	options: ChargeOptions,
	{ store, gateway, mover, log }: ChargeNeeds,
): Handle<"inventory.reserved.v1"> {
	return async (events) => {
		if (!gateway.available()) {
			const error = new Error("the payment gateway is away");
			return events.map(() => ({ kind: "unavailable", error, pause_ms: options.pause_ms }));
		}
		const charges = [
			...new Map(events.map((event) => [event.data.order_id, toCharge(event)])).values(),
		];
		const claimed_ms = performance.now();
		const ours = await store.claim(charges, options.lease_ms);
		crashPoint("charge-claimed", "charge");
		const claims = charges.filter(({ order_id }) => ours.has(order_id)).map(toClaim);
		const moving = mover.move(claims, claimed_ms);
		await writtenWithin(moving, options.straggler_ms, log);
		const open = moving.open();
		const others = charges.flatMap(({ order_id }) => (ours.has(order_id) ? [] : [order_id]));
		if (open.length + others.length > 0) await store.handOver([...open, ...others]);
		return events.map(() => done);
	};
}

function toCharge({ data, traceparent }: IncomingEvent<"inventory.reserved.v1">): Charge {
	const { order_id, tenant_id, customer_id, total_amount, currency, payment_token } = data;
	const charge_id = chargeId("charge", order_id);
	return {
		order_id,
		charge_id,
		tenant_id,
		customer_id,
		amount: total_amount,
		currency,
		payment_token,
		traceparent,
	};
}

function toClaim(charge: Charge): Claim {
	return {
		...charge,
		kind: "charge",
		request_id: "",
		order_amount: charge.amount,
		payment_token: charge.payment_token ?? null,
		charge_reference: null,
		traceparent: charge.traceparent ?? null,
		fence: 1,
		attempts: 1,
		key_age_ms: null,
	};
}
