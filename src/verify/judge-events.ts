import type { Subject } from "../contracts/events.ts";
import { subjects, timesOf } from "./event-tally.ts";
import type { OrderFacts } from "./facts.ts";
import type { Finding } from "./findings.ts";

/** What the tables say about an event: it happened, it may have, or it did not. */
type Expected = "yes" | "maybe" | "no";

/** Compares what the audit log has of an order with what must have happened for the tables to look so. */
export function judgeEvents(facts: OrderFacts, findings: Finding[]): void {
	const { order_id, events } = facts;
	for (const subject of subjects) {
		if (subject === REFUNDED) continue;
		const times = timesOf(events, subject);
		const expected = expectedOf(facts, subject);
		if (times === 0 && expected === "yes") {
			findings.push({ finding: "event_missing", order_id, detail: subject });
		} else if (times > 0 && expected === "no") {
			findings.push({ finding: "event_unfounded", order_id, detail: subject });
		}
		if (times > 1) findings.push({ finding: "event_twice", order_id, detail: subject });
	}
	judgeRefundEvents(facts, findings);
}

const REFUNDED = "payments.refunded.v1" satisfies Subject;

function expectedOf(facts: OrderFacts, subject: Subject): Expected {
	switch (subject) {
		case "orders.created.v1":
			// The copy for old readers, which `contracts.publish_legacy` may have switched on for a while.
			return facts.order === undefined ? "no" : "maybe";
		case "orders.created.v2":
			return when(facts.order !== undefined);
		case "orders.confirmed.v1":
			return when(facts.order?.status === "confirmed");
		case "orders.cancelled.v1":
			return when(facts.order?.status === "cancelled");
		case "inventory.rejected.v1":
			return when(facts.reservation?.status === "rejected");
		case "inventory.reserved.v1":
			return facts.reservation?.status === "held" ? "yes" : ofReleased(facts);
		case "inventory.released.v1":
			return ofReleased(facts);
		case "payments.completed.v1":
			return when(chargeIs(facts, "succeeded"));
		case "payments.failed.v1":
			return when(chargeIs(facts, "declined"));
		case REFUNDED:
		case "operations.acted.v1":
			return "maybe";
	}
}

/** An order without lines that is released may have been held before, or may not. */
function ofReleased({ reservation }: OrderFacts): Expected {
	if (reservation?.status !== "released") return "no";
	return reservation.has_lines ? "yes" : "maybe";
}

function chargeIs({ charges }: OrderFacts, wanted: string): boolean {
	return charges.some(({ kind, state }) => kind === "charge" && state === wanted);
}

function judgeRefundEvents({ order_id, charges, events }: OrderFacts, findings: Finding[]): void {
	const { refund_ids } = events;
	if (charges.length < 2 && refund_ids.length === 0) return;
	const refunds = charges.filter(({ kind, state }) => kind === "refund" && state === "succeeded");
	const add = (finding: Finding["finding"], charge_id: string) =>
		findings.push({ finding, order_id, charge_id, detail: REFUNDED });
	for (const { charge_id } of refunds) {
		if (!refund_ids.includes(charge_id)) add("event_missing", charge_id);
	}
	for (const refund_id of new Set(refund_ids)) {
		const times = refund_ids.filter((id) => id === refund_id).length;
		if (times > 1) add("event_twice", refund_id);
		if (!refunds.some(({ charge_id }) => charge_id === refund_id))
			add("event_unfounded", refund_id);
	}
}

function when(happened: boolean): Expected {
	return happened ? "yes" : "no";
}
