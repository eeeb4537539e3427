import type { OutgoingEvent } from "../../contracts/events.ts";
import { crashPoint } from "../../crash-point.ts";
import type { Gateway } from "../../gateway/gateway.ts";
import type { Broker } from "../../messaging/connection.ts";
import { done, type Handle, type IncomingEvent } from "../../messaging/outcome.ts";
import { sayAgain } from "../../messaging/say-again.ts";
import type { Log } from "../../telemetry/log.ts";
import type { ChargeStore, StoredCharge } from "./charge-store.ts";
import { announce } from "./events.ts";
import type { Mover, Moving } from "./move-money.ts";
import type { Charge, Claim, PaymentStore } from "./store.ts";
import { toCharge } from "./to-charge.ts";
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
	readonly charges: ChargeStore;
	readonly broker: Broker;
	readonly gateway: Gateway;
	readonly mover: Mover;
	readonly log: Log;
}

/**
 * Charges orders whose stock is held. Once a charge is in Postgres, that is where what has to be done is
 * found: what the gateway has no room for, what is not finished in time, and what somebody claimed before
 * and did not finish, is the resolver's.
 */
export function chargeOrders(
	options: ChargeOptions,
	{ store, charges: stored, broker, gateway, mover, log }: ChargeNeeds,
): Handle<"inventory.reserved.v1"> {
	/** @returns those that are not in Postgres yet: there was no room for them */
	async function claimAsRoomAllows(
		charges: readonly Charge[],
		until: number,
	): Promise<readonly Charge[]> {
		const moving: Moving[] = [];
		const taken: string[] = [];
		let waiting = charges;
		while (waiting.length > 0) {
			const room = await mover.room(waiting.length, until);
			if (room === 0) break;
			const slice = waiting.slice(0, room);
			waiting = waiting.slice(room);
			const claimed_ms = performance.now();
			const ours = await store.claim(slice, options.lease_ms);
			crashPoint("charge-claimed", "charge");
			const claims = slice.filter(({ order_id }) => ours.has(order_id)).map(toClaim);
			moving.push(mover.move(claims, claimed_ms));
			taken.push(...slice.flatMap(({ order_id }) => (ours.has(order_id) ? [] : [order_id])));
		}
		await Promise.all(moving.map((it) => writtenWithin(it, options.straggler_ms, log)));
		const open = moving.flatMap((it) => it.open());
		if (open.length + taken.length > 0) await store.handOver([...open, ...taken]);
		return waiting;
	}

	/** How the charges of orders that stand still ended, which somebody may never have heard. */
	async function sayHowTheyEnded(events: readonly IncomingEvent<"inventory.reserved.v1">[]) {
		const stuck = events.filter((it) => it.stuck).map(({ data }) => data.order_id);
		if (stuck.length === 0) return;
		const ended = (await stored.ofOrders(stuck)).flatMap((it) => announceEnd(it));
		await sayAgain(broker, ended, true);
	}

	return async (events) => {
		await sayHowTheyEnded(events);
		const error = new Error("the payment gateway is away");
		const away = { kind: "unavailable", error, pause_ms: options.pause_ms } as const;
		if (gateway.capacity() === 0) return events.map(() => away);
		const charges = new Map(
			events.map(({ data, traceparent }) => {
				const { order_id, payment_token } = data;
				return [order_id, { ...toCharge(data), payment_token, traceparent }] as const;
			}),
		);
		const until = performance.now() + options.straggler_ms;
		const left = await claimAsRoomAllows([...charges.values()], until);
		if (left.length === 0) return events.map(() => done);
		if (gateway.capacity() > 0) {
			await store.enqueue(left);
			return events.map(() => done);
		}
		const unclaimed = new Set(left.map(({ order_id }) => order_id));
		return events.map(({ data }) => (unclaimed.has(data.order_id) ? away : done));
	};
}

function announceEnd(it: StoredCharge): readonly OutgoingEvent[] {
	// A refund moves the time of the last change. Too early does no harm: the log looks from there on.
	const moved = it.cancelled || it.refunded > 0;
	const ended_at = (moved ? it.created_at : it.updated_at).toISOString();
	if (it.state === "succeeded" && it.gateway_reference !== null)
		return announce(it, { state: "succeeded", reference: it.gateway_reference }, ended_at);
	if (it.state === "declined")
		return announce(it, { state: "declined", code: it.decline_code ?? "unknown" }, ended_at);
	return [];
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
