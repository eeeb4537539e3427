import { WriteConflictError } from "../../database/errors.ts";
import type { ChargeStore, StoredCharge } from "./charge-store.ts";
import { chargeId } from "./payment.ts";
import type { RefundStore } from "./refund-store.ts";

export type RefundAnswer =
	| {
			readonly outcome: "accepted" | "known" | "other_amount";
			readonly charge: StoredCharge;
	  }
	| {
			readonly outcome: "too_much";
			readonly charge: Pick<StoredCharge, "amount" | "refunded">;
	  }
	| { readonly outcome: "not_charged"; readonly charge: undefined };

/** Asks for `amount` of what an order was charged to go back; once a `refund_id`, however often it is asked. */
export type RequestRefund = (
	order_id: string,
	refund_id: string,
	amount: number,
) => Promise<RefundAnswer>;

export function createRequestRefund(needs: {
	readonly charges: ChargeStore;
	readonly refunds: RefundStore;
}): RequestRefund {
	const { charges, refunds } = needs;

	async function find(order_id: string, refund_id: string) {
		const found = await charges.ofOrder(order_id);
		return found.find(({ kind, request_id }) => kind === "refund" && request_id === refund_id);
	}

	function known(charge: StoredCharge, amount: number): RefundAnswer {
		return { outcome: charge.amount === amount ? "known" : "other_amount", charge };
	}

	return async (order_id, refund_id, amount) => {
		const before = await find(order_id, refund_id);
		if (before) return known(before, amount);
		const charge_id = chargeId("refund", order_id, refund_id);
		const asked = await refunds
			.request({ order_id, request_id: refund_id, charge_id, amount })
			.catch((error) => {
				if (error instanceof WriteConflictError) return "twin" as const;
				throw error;
			});
		if (asked !== "twin" && asked?.state !== "succeeded") {
			return { outcome: "not_charged", charge: undefined };
		}
		if (asked !== "twin" && !asked.granted) return { outcome: "too_much", charge: asked };
		const charge = await find(order_id, refund_id);
		if (charge === undefined) throw new Error(`refund ${charge_id} was written and is not there`);
		return asked === "twin" ? known(charge, amount) : { outcome: "accepted", charge };
	};
}
