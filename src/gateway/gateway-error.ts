import type { GatewayResult } from "./gateway.ts";

export type NotSent = Extract<GatewayResult, { state: "not_sent" }>;

/** Why a call came to no decision. */
export type Failure =
	/** Turned away because too many calls came: 429. */
	| "rate_limited"
	/** No connection, so nothing was sent. */
	| "unreachable"
	/** The key or the set-up was turned away, not this call: 401, 403. */
	| "refused"
	/** A twin with the same key is under way, and may move the money: 409. */
	| "key_in_use"
	/** Somebody else works on the same object. */
	| "locked"
	/** The key was used with other parameters before: a person has to look. */
	| "key_reused"
	/** Sent, and no whole answer came: time-out, reset, broken off. */
	| "no_answer"
	/** An answer that says the gateway itself failed: 5xx, or nothing one can read. */
	| "server_error"
	/** The gateway has the call and has not decided yet. */
	| "undecided"
	/** More than one charge of the gateway carries our reference. */
	| "ambiguous"
	/** The time to begin the call was over. */
	| "late"
	/** Held back here, because the gateway as a whole is away. */
	| "held_back"
	/** The gateway's answer says nothing that this side foresees. */
	| "unexpected";

/** What stands behind an `unknown` or a `not_sent`. */
export class GatewayError extends Error {
	override readonly name = "GatewayError";
	readonly failure: Failure;
	/** When the gateway wants to see the next call, if it said so. */
	readonly retry_after_ms: number | undefined;

	constructor(failure: Failure, message: string, retry_after_ms?: number) {
		super(message);
		this.failure = failure;
		this.retry_after_ms = retry_after_ms;
	}
}

const SYSTEMIC: ReadonlySet<Failure> = new Set([
	"unreachable",
	"refused",
	"no_answer",
	"server_error",
]);

/** Whether it says something of the gateway as a whole, not of one order. */
export function isSystemic(error: unknown): boolean {
	return error instanceof GatewayError && SYSTEMIC.has(error.failure);
}

/** Nothing was carried out, and the call may be sent again with the same key. */
export function notSent(error: GatewayError): NotSent {
	const { retry_after_ms } = error;
	return retry_after_ms === undefined
		? { state: "not_sent", error }
		: { state: "not_sent", error, retry_after_ms };
}

export function late(): GatewayError {
	return new GatewayError("late", "The time to begin the call was over");
}
