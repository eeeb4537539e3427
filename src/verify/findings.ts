/**
 * What can be wrong, with what it means. `may_pass`: a step in progress looks the same for a moment, so that
 * it counts only when nothing about the order was written for a while.
 */
export const findingKinds = {
	order_lost: { may_pass: false, means: "accepted, and not in Postgres" },
	order_overdue: { may_pass: false, means: "pending beyond its deadline" },
	confirmed_uncharged: { may_pass: true, means: "confirmed, and no charge succeeded" },
	charged_twice: { may_pass: false, means: "the gateway took money more than once" },
	amount_mismatch: {
		may_pass: false,
		means: "gateway, charge and order differ in amount or currency",
	},
	unmatched_gateway: { may_pass: true, means: "the gateway moved money that we say did not move" },
	unmatched_local: { may_pass: true, means: "we say that money moved and the gateway does not" },
	charge_without_order: { may_pass: true, means: "a charge of an order that is not there" },
	money_kept: { may_pass: true, means: "cancelled and charged, and not refunded" },
	refunded_too_much: { may_pass: false, means: "more was refunded than was taken" },
	refund_unasked: { may_pass: true, means: "a refund in the gateway that nobody asked for" },
	refunds_off: { may_pass: true, means: "refunds do not add up to what their charge says" },
	charge_unresolved: {
		may_pass: false,
		means: "nobody has known for too long whether money moved",
	},
	charge_parked: { may_pass: false, means: "waits for a person to decide" },
	confirmed_without_stock: { may_pass: true, means: "confirmed, and nothing is held" },
	stock_kept: { may_pass: true, means: "cancelled, and stock is held" },
	stock_without_order: { may_pass: true, means: "stock is held for an order that is not there" },
	stock_mismatch: { may_pass: false, means: "received less held is not what is available" },
	event_missing: { may_pass: true, means: "it happened, and the audit log lacks it" },
	event_twice: { may_pass: true, means: "in the audit log more than once" },
	event_unfounded: { may_pass: true, means: "in the audit log, and it did not happen" },
	log_size_off: { may_pass: true, means: "the audit log is not as long as its table says" },
	log_unreadable: { may_pass: false, means: "a file of the audit log cannot be read" },
} as const satisfies Record<string, { readonly may_pass: boolean; readonly means: string }>;

export type FindingKind = keyof typeof findingKinds;

/** One thing that is wrong, and where. */
export interface Finding {
	readonly finding: FindingKind;
	readonly order_id?: string;
	/** Ours, which is the gateway's idempotency key. */
	readonly charge_id?: string;
	readonly sku?: string;
	/** What differs, for a person. */
	readonly detail: string;
}
