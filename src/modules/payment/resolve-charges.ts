import { crashPoint } from "../../crash-point.ts";
import { every, type Part } from "../../lifecycle.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { type ChargeStore, openStates } from "./charge-store.ts";
import type { Mover } from "./move-money.ts";
import { chargeId } from "./payment.ts";
import type { RefundStore } from "./refund-store.ts";
import type { PaymentStore } from "./store.ts";
import { writtenWithin } from "./written-within.ts";

export interface ResolveOptions {
	readonly lease_ms: number;
	readonly straggler_ms: number;
	readonly resolve_interval_ms: number;
	readonly resolve_batch_max: number;
}

export interface ResolveNeeds {
	readonly store: PaymentStore;
	readonly refunds: RefundStore;
	readonly charges: ChargeStore;
	readonly mover: Mover;
	readonly metrics: Metrics;
	readonly log: Log;
}

/**
 * Takes up what no message brings on: charges whose outcome is unknown or whose worker has gone, refunds,
 * and cancelled orders that were charged after all.
 */
export function createResolver(options: ResolveOptions, needs: ResolveNeeds): Part {
	const { store, refunds, charges, mover, metrics, log } = needs;
	const { resolve_batch_max: rows_max } = options;

	async function planRefunds() {
		const due = await refunds.due(rows_max);
		if (due.length === 0) return;
		await refunds.plan(
			due.map((order_id) => ({
				order_id,
				request_id: "",
				charge_id: chargeId("refund", order_id),
			})),
		);
	}

	/** @returns whether there may be more */
	async function takeUp(): Promise<boolean> {
		const until = performance.now() + options.straggler_ms;
		const room = await mover.room(rows_max, until);
		if (room === 0) return false;
		const claimed_ms = performance.now();
		const claims = await store.claimOpen(room, options.lease_ms);
		if (claims.length === 0) return false;
		crashPoint("charge-claimed", "resolver");
		const moving = mover.move(claims, claimed_ms);
		await writtenWithin(moving, options.straggler_ms, log);
		return claims.length === room;
	}

	async function count() {
		const open = new Map((await charges.open()).map((it) => [it.state, it]));
		for (const state of openStates) {
			metrics.charges_open.set({ state }, open.get(state)?.count ?? 0);
			metrics.charges_open_age.set({ state }, open.get(state)?.oldest_s ?? 0);
		}
	}

	async function round() {
		await planRefunds();
		while (await takeUp());
		await count();
	}

	return every("charge resolver", options.resolve_interval_ms, round, (error) =>
		log.warn({ err: error }, "open charges could not be taken up"),
	);
}
