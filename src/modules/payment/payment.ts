import { messageId } from "../../contracts/identity.ts";

export type Kind = "charge" | "refund";

/**
 * What is known of a charge or refund. `unknown`: asked for, and the answer never came. `manual`: only a
 * person can find out, or decide. `void`: the order was cancelled before anything was asked.
 */
export type ChargeState =
	| "pending"
	| "in_flight"
	| "succeeded"
	| "declined"
	| "unknown"
	| "manual"
	| "void";

/**
 * The id of the one charge of an order, of the refund of a cancelled order, or of the refund that an
 * operator asked for as `request_id`. It is the gateway's idempotency key too.
 */
export function chargeId(kind: Kind, order_id: string, request_id = ""): string {
	return messageId(`payment.${kind}`, request_id === "" ? order_id : `${order_id}/${request_id}`);
}

/** No charge is sent again in the last fifth of its key's life: clocks differ, and calls take time. */
const LIFE_TO_SEND = 0.8;
/** After so many calls without a usable answer the gateway's books are asked first. */
const CALLS_BEFORE_LOOK_UP = 2;

/** How a claimed charge or refund is taken further. */
export type Step = "send" | "look-up-then-send" | "look-up" | "look-up-or-park";

/**
 * @param attempts claims so far, this one included
 * @param key_age_ms since the first call that may have reached the gateway; undefined when none has
 */
export function nextStep(
	attempts: number,
	key_age_ms: number | undefined,
	key_lifetime_ms: number,
): Step {
	if (key_age_ms === undefined) return "send";
	if (key_age_ms >= key_lifetime_ms) return "look-up-or-park";
	if (key_age_ms >= key_lifetime_ms * LIFE_TO_SEND) return "look-up";
	return attempts > CALLS_BEFORE_LOOK_UP ? "look-up-then-send" : "send";
}

/** How long from now a call with this key may begin: halfway between the end of sending and the end of the key. */
export function sendWithin(key_age_ms: number | undefined, key_lifetime_ms: number): number {
	return (key_lifetime_ms * (1 + LIFE_TO_SEND)) / 2 - (key_age_ms ?? 0);
}
