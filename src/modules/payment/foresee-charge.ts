import { type Foresee, type Foresight, when } from "../../messaging/foresight.ts";
import type { ChargeStore, StoredCharge } from "./charge-store.ts";

/** What charging an order would come to. */
export function foreseeCharge(charges: ChargeStore): Foresee<"inventory.reserved.v1"> {
	return async (events) => {
		const known = await chargesOf(charges, events);
		return events.map(({ data }): Foresight => {
			const charge = known.get(data.order_id);
			if (charge === undefined)
				return { effect: "acts", says: `${data.total_amount} ${data.currency} are charged` };
			return { effect: "nothing", says: chargedBefore(charge) };
		});
	};
}

function chargedBefore({ state, updated_at }: StoredCharge): string {
	const at = when(updated_at);
	switch (state) {
		case "succeeded":
			return `already charged at ${at}: will be settled, not charged again`;
		case "declined":
			return `declined at ${at}: will be settled, not asked again`;
		case "void":
			return `the order was cancelled at ${at}: will be settled, not charged`;
		case "manual":
			return "waits for a person's decision: will be settled, not charged again";
		default:
			return "its charge is under way: will be settled, not charged again";
	}
}

/** What taking care that a cancelled order costs nothing would come to. */
export function foreseeRefund(charges: ChargeStore): Foresee<"orders.cancelled.v1"> {
	return async (events) => {
		const known = await chargesOf(charges, events);
		return events.map(({ data }): Foresight => {
			const charge = known.get(data.order_id);
			if (charge === undefined)
				return { effect: "acts", says: "noted: this order will not be charged" };
			const { state, cancelled, amount, refunded, currency, updated_at } = charge;
			if (state === "void" || state === "declined")
				return { effect: "nothing", says: "nothing was charged: nothing changes" };
			if (cancelled)
				return {
					effect: "nothing",
					says: `its refund was set going at ${when(updated_at)}: nothing changes`,
				};
			const rest = amount - refunded;
			if (state === "succeeded")
				return { effect: "acts", says: `${rest} ${currency} are refunded` };
			return { effect: "acts", says: "what its charge turns out to have taken is refunded" };
		});
	};
}

async function chargesOf(
	charges: ChargeStore,
	events: readonly { readonly data: { readonly order_id: string } }[],
) {
	const order_ids = [...new Set(events.map(({ data }) => data.order_id))];
	const found = await charges.ofOrders(order_ids);
	return new Map(found.map((it) => [it.order_id, it]));
}
