import { createEvent, type OutgoingEvent } from "../../contracts/events.ts";
import { carryFacts } from "../../contracts/order-events.ts";
import { done, type Handle, type IncomingEvent } from "../../messaging/outcome.ts";
import { type Finished, type MoneyNeeds, type Move, moveMoney } from "./move-money.ts";
import { chargeId } from "./payment.ts";

type Reserved = IncomingEvent<"inventory.reserved.v1">;

/** Charges orders whose stock is held. */
export function chargeOrders(needs: MoneyNeeds): Handle<"inventory.reserved.v1"> {
	return async (events) => {
		const byOrder = new Map(events.map((event) => [event.data.order_id, event]));
		const outcomes = await moveMoney(needs, [...byOrder.values()].map(chargeFor));
		return events.map(({ data }) => outcomes.get(data.order_id) ?? done);
	};
}

function chargeFor(event: Reserved): Move {
	const { order_id, tenant_id, customer_id, total_amount, currency, payment_token } = event.data;
	const charge_id = chargeId("charge", order_id);
	const amount = total_amount;
	return {
		charge: {
			kind: "charge",
			order_id,
			charge_id,
			tenant_id,
			customer_id,
			amount,
			currency,
			payment_token,
		},
		charge_reference: undefined,
		announce: (result) => [announce(event, charge_id, result)],
		declined: done,
	};
}

function announce(
	{ data, traceparent }: Reserved,
	charge_id: string,
	result: Finished,
): OutgoingEvent {
	const facts = { ...carryFacts(data, new Date().toISOString()), charge_id };
	return result.state === "succeeded"
		? createEvent(
				"payments.completed.v1",
				data.order_id,
				{ ...facts, gateway_reference: result.reference },
				traceparent,
			)
		: createEvent(
				"payments.failed.v1",
				data.order_id,
				{ ...facts, decline_code: result.code },
				traceparent,
			);
}
