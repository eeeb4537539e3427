import { messageId } from "../../contracts/identity.ts";

export type Kind = "charge" | "refund";

/** What is known of a charge or refund. `void`: the order was cancelled before anything was asked. */
export type ChargeState = "pending" | "in_flight" | "succeeded" | "declined" | "unknown" | "void";

/** The id of the one charge, or refund, of an order. It is the gateway's idempotency key too. */
export function chargeId(kind: Kind, order_id: string): string {
	return messageId(`payment.${kind}`, order_id);
}

/** What a cancelled order needs, by the state of its charge (undefined: none was asked for yet). */
export type Undo = "forbid" | "wait" | "refund" | "nothing";

export function undoOf(state: ChargeState | undefined): Undo {
	switch (state) {
		case undefined:
			return "forbid";
		case "pending":
		case "in_flight":
		case "unknown":
			return "wait";
		case "succeeded":
			return "refund";
		case "declined":
		case "void":
			return "nothing";
	}
}
