import type { Limits, OrderFacts } from "./facts.ts";
import type { Finding } from "./findings.ts";
import { judgeEvents } from "./judge-events.ts";
import { captured, judgeMoney } from "./judge-money.ts";

/** Everything that is wrong about one order. */
export function judgeOrder(facts: OrderFacts, limits: Limits): Finding[] {
	const findings: Finding[] = [];
	if (facts.order === undefined) judgeOrphans(facts, findings);
	else judgeEnd(facts, limits, findings);
	judgeMoney(facts, limits, findings);
	judgeEvents(facts, findings);
	return findings;
}

function judgeEnd(facts: OrderFacts, limits: Limits, findings: Finding[]): void {
	const { order_id, order, reservation } = facts;
	if (order === undefined) return;
	const held = reservation?.status === "held";
	if (order.status === "pending") {
		const age_ms = limits.now_ms - Math.max(order.created_ms, order.updated_ms);
		if (age_ms <= limits.pending_ms_max) return;
		const detail = `pending for ${Math.round(age_ms / 1_000)} s`;
		findings.push({ finding: "order_overdue", order_id, detail });
	} else if (order.status === "confirmed") {
		if (!held) {
			const detail = `its reservation is ${reservation?.status ?? "missing"}`;
			findings.push({ finding: "confirmed_without_stock", order_id, detail });
		}
		const taken = captured(facts, limits.with_gateway);
		if (taken.length === 0 && order.amount > 0) {
			const detail = `nothing of ${order.amount} ${order.currency} was taken`;
			findings.push({ finding: "confirmed_uncharged", order_id, detail });
		}
	} else if (held) {
		findings.push({ finding: "stock_kept", order_id, detail: "its reservation is held" });
	}
}

function judgeOrphans({ order_id, reservation, charges }: OrderFacts, findings: Finding[]): void {
	if (reservation?.status === "held") {
		findings.push({ finding: "stock_without_order", order_id, detail: "a reservation is held" });
	}
	for (const { charge_id, kind, state } of charges) {
		if (state === "void") continue;
		const detail = `a ${kind} is ${state}`;
		findings.push({ finding: "charge_without_order", order_id, charge_id, detail });
	}
}
