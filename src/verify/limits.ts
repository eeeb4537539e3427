import type { VerifyOptions } from "./run.ts";

export type VerifyLimits = Pick<VerifyOptions, "settle_ms" | "pending_ms_max" | "unknown_ms_max">;

export interface LimitSettings {
	readonly order: { readonly deadline_ms: number; readonly deadline_interval_ms: number };
	readonly verify: { readonly unknown_minutes_max: number };
}

const SETTLE_S = 10;

/** From when on what is not done yet is wrong while millrace runs; `given` is what somebody wants otherwise. */
export function verifyLimits(
	{ order, verify }: LimitSettings,
	given: { readonly settle_s?: number | undefined; readonly unknown_minutes?: number | undefined },
): VerifyLimits {
	return {
		settle_ms: (given.settle_s ?? SETTLE_S) * 1_000,
		pending_ms_max: order.deadline_ms + 2 * order.deadline_interval_ms,
		unknown_ms_max: (given.unknown_minutes ?? verify.unknown_minutes_max) * 60_000,
	};
}
