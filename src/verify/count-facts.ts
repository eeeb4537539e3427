import { isOpen, type OrderFacts } from "./facts.ts";
import { captured, refundsMade } from "./judge-money.ts";
import type { Counted, Open } from "./report.ts";

/** Counts an order into what was looked at and what is on its way. */
export function countFacts(
	{ counted, open }: { readonly counted: Counted; readonly open: Open },
	facts: OrderFacts,
	with_gateway: boolean,
): void {
	const { order, charges } = facts;
	for (const charge of charges) {
		if (!isOpen(charge)) continue;
		if (charge.kind === "charge") open.charges += 1;
		else open.refunds += 1;
	}
	counted.refunds += refundsMade(facts, with_gateway).length;
	if (order === undefined) return;
	counted.orders += 1;
	counted[order.status] += 1;
	const times = captured(facts, with_gateway).length;
	if (times === 0) counted.charged_never += 1;
	else if (times === 1) counted.charged_once += 1;
	else counted.charged_again += 1;
}
