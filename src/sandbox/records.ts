import type { ErrorFields } from "./api-error.ts";

/** A payment intent as the ledger keeps it. A change makes a new one. */
export interface Intent {
	readonly id: string;
	/** Integer minor units. */
	readonly amount: number;
	/** ISO 4217, lower case, as Stripe writes it. */
	readonly currency: string;
	readonly status:
		| "requires_payment_method"
		| "requires_confirmation"
		| "requires_action"
		| "succeeded"
		| "canceled";
	readonly created_ms: number;
	readonly metadata: Readonly<Record<string, string>>;
	readonly description: string | null;
	/** The token that it was given. */
	readonly payment_method: string | null;
	/** Of the last try, successful or not. */
	readonly charge: string | null;
	/** Why the last try failed. */
	readonly decline: ErrorFields | null;
	readonly canceled_ms: number | null;
	readonly cancellation_reason: string | null;
}

export interface Refund {
	readonly id: string;
	readonly intent: string;
	readonly charge: string;
	/** Integer minor units. */
	readonly amount: number;
	readonly currency: string;
	readonly status: "pending" | "succeeded" | "failed";
	readonly created_ms: number;
	readonly metadata: Readonly<Record<string, string>>;
	readonly reason: string | null;
}

/** What a request was answered with. Without an error it is the record of its entry. */
export interface KeptAnswer {
	/** The idempotency key that it is kept under. */
	readonly key?: string;
	/** Fingerprint of the path and the parameters. */
	readonly params: number;
	readonly status: number;
	readonly error?: ErrorFields;
	/** The key had been used before, so long ago that it was forgotten. */
	readonly late?: true;
}

/** One line of the ledger: what it changed, as it stands afterwards, and what was answered. */
export interface Entry {
	readonly at_ms: number;
	readonly intent?: Intent;
	readonly refund?: Refund;
	readonly answer?: KeptAnswer;
}

const run = crypto.randomUUID().replaceAll("-", "").slice(0, 16);
let ids = 0;

/** An id as `pi_…`; never the same one twice, also not in another process. */
export function newId(prefix: string): string {
	ids++;
	return `${prefix}_${run}${ids.toString(36).padStart(6, "0")}`;
}
