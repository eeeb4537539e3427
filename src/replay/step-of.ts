import type { LoggedEvent } from "./read-events.ts";
import type { Facts, Refunded, StepName, Steps } from "./told.ts";

type Found = { readonly order_id: string } & (
	| { readonly [N in StepName]: { readonly name: N; readonly step: Steps[N] } }[StepName]
	| { readonly name: "refunded"; readonly step: Refunded }
);

/** What an event tells about its order; nothing when it tells nothing that is not told elsewhere. */
export function stepOf(event: LoggedEvent): Found | undefined {
	const { subject, log_index, data } = event;
	// The form for other readers and producers: the same order is told as v2.
	if (subject === "orders.created.v1" || subject === "operations.acted.v1") return undefined;
	const { order_id, tenant_id, customer_id, currency, total_amount } = data;
	const facts: Facts = { tenant_id, customer_id, currency, total_amount };
	switch (event.subject) {
		case "orders.created.v2": {
			const { lines, payment_token = null, occurred_at: created_at } = event.data;
			const step = { log_index, ...facts, lines, payment_token, created_at };
			return { order_id, name: "created", step };
		}
		case "orders.confirmed.v1": {
			const step = { log_index, ...facts, outcome: "confirmed", reason: null } as const;
			return { order_id, name: "ended", step };
		}
		case "orders.cancelled.v1": {
			const { reason } = event.data;
			return {
				order_id,
				name: "ended",
				step: { log_index, ...facts, outcome: "cancelled", reason },
			};
		}
		case "inventory.reserved.v1": {
			const { lines, payment_token = null } = event.data;
			return {
				order_id,
				name: "decided",
				step: { log_index, outcome: "held", lines, payment_token },
			};
		}
		case "inventory.rejected.v1": {
			const step = { log_index, outcome: "rejected", lines: [], payment_token: null } as const;
			return { order_id, name: "decided", step };
		}
		case "inventory.released.v1": {
			const { lines } = event.data;
			return { order_id, name: "released", step: { log_index, outcome: "released", lines } };
		}
		case "payments.completed.v1": {
			const { charge_id, gateway_reference } = event.data;
			const ids = { charge_id, gateway_reference, decline_code: null };
			return {
				order_id,
				name: "settled",
				step: { log_index, ...facts, outcome: "succeeded", ...ids },
			};
		}
		case "payments.failed.v1": {
			const { charge_id, decline_code } = event.data;
			const ids = { charge_id, gateway_reference: null, decline_code };
			return {
				order_id,
				name: "settled",
				step: { log_index, ...facts, outcome: "declined", ...ids },
			};
		}
		case "payments.refunded.v1": {
			const { refund_id, amount, gateway_reference } = event.data;
			const step = { log_index, ...facts, refund_id, amount, gateway_reference };
			return { order_id, name: "refunded", step };
		}
	}
}
