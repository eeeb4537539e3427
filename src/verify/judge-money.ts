import type { BookEntry } from "../gateway/gateway.ts";
import { type ChargeRow, isOpen, type Limits, type OrderFacts } from "./facts.ts";
import type { Finding, FindingKind } from "./findings.ts";

interface Money {
	readonly amount: number;
	readonly currency: string;
}

/** The charges that succeeded: by the gateway's word, or by ours where it was not asked. */
export function captured(facts: OrderFacts, with_gateway: boolean): readonly Money[] {
	return moneyOf(facts, "charge", with_gateway);
}

/** The refunds that were made, by the same. */
export function refundsMade(facts: OrderFacts, with_gateway: boolean): readonly Money[] {
	return moneyOf(facts, "refund", with_gateway);
}

function moneyOf(facts: OrderFacts, of: ChargeRow["kind"], with_gateway: boolean) {
	if (with_gateway) return facts.moved.filter(({ kind }) => kind === of);
	return facts.charges.filter(({ kind, state }) => kind === of && state === "succeeded");
}

/** What is wrong between the order, its charge and refunds here, and what the gateway says. */
export function judgeMoney(facts: OrderFacts, limits: Limits, findings: Finding[]): void {
	const { charges, moved } = facts;
	// Most orders that were cancelled early, and all that are new.
	if (charges.length === 0 && moved.length === 0) return;
	const add = adder(facts.order_id, findings);
	if (limits.with_gateway) {
		for (const entry of moved) judgeMoved(facts, entry, add);
		judgeUnmoved(facts, add);
	}
	judgeTwice(facts, limits, add);
	for (const charge of charges) judgeCharge(facts, charge, limits, add);
	judgeRefunds(facts, limits, add);
}

type Add = (finding: FindingKind, detail: string, charge_id?: string) => void;

function adder(order_id: string, findings: Finding[]): Add {
	return (finding, detail, charge_id) => {
		findings.push({ finding, order_id, ...(charge_id === undefined ? {} : { charge_id }), detail });
	};
}

/** Money that the gateway moved, as seen from here. */
function judgeMoved({ order, charges }: OrderFacts, entry: BookEntry, add: Add): void {
	const { kind, key, reference } = entry;
	const ours = charges.find((it) => it.kind === kind && it.charge_id === key);
	const what = `the gateway's ${kind} ${reference} of ${said(entry)}`;
	if (ours === undefined && kind === "refund") add("refund_unasked", what, key);
	else if (ours === undefined) add("unmatched_gateway", `${what} has no charge here`, key);
	else if (order === undefined) add("unmatched_gateway", `${what} has no order`, key);
	else if (ours.state === "declined" || ours.state === "void") {
		add("unmatched_gateway", `${what} is ${ours.state} here`, key);
	}
	if (ours !== undefined && !same(entry, ours)) {
		add("amount_mismatch", `${what} is one of ${said(ours)} here`, key);
	}
}

/** Money that moved from here, as seen from the gateway. Nothing needs to be moved for an amount of 0. */
function judgeUnmoved({ charges, moved }: OrderFacts, add: Add): void {
	for (const { state, kind, charge_id, amount } of charges) {
		if (state !== "succeeded" || amount === 0) continue;
		if (moved.some((entry) => entry.kind === kind && entry.key === charge_id)) continue;
		add("unmatched_local", `the ${kind} of ${amount} is not in the gateway's books`, charge_id);
	}
}

function judgeTwice(facts: OrderFacts, { with_gateway }: Limits, add: Add): void {
	const taken = captured(facts, with_gateway);
	if (taken.length > 1)
		add("charged_twice", `charged ${taken.length} times: ${taken.map(said).join(", ")}`);
}

function judgeCharge({ order }: OrderFacts, charge: ChargeRow, limits: Limits, add: Add): void {
	const { kind, state, charge_id } = charge;
	if (kind === "charge" && order !== undefined && !same(charge, order)) {
		add(
			"amount_mismatch",
			`the charge of ${said(charge)} is for an order of ${said(order)}`,
			charge_id,
		);
	}
	if (state === "manual") add("charge_parked", `the ${kind} of ${said(charge)}`, charge_id);
	const age_ms = limits.now_ms - charge.created_ms;
	if (isOpen(charge) && age_ms > limits.unknown_ms_max) {
		add(
			"charge_unresolved",
			`the ${kind} is ${state} after ${Math.round(age_ms / 60_000)} min`,
			charge_id,
		);
	}
}

function judgeRefunds(facts: OrderFacts, { with_gateway }: Limits, add: Add): void {
	const { order, charges } = facts;
	const charge = charges.find(({ kind }) => kind === "charge");
	const asked = charges.filter(({ kind, state }) => kind === "refund" && !isOver(state));
	const asked_amount = sum(asked);
	const taken = sum(captured(facts, with_gateway));
	const refunded = sum(refundsMade(facts, with_gateway));
	if (refunded > taken) add("refunded_too_much", `${refunded} of ${taken}`);
	else if (charge !== undefined && asked_amount > charge.amount) {
		add(
			"refunded_too_much",
			`${asked_amount} of ${charge.amount} were asked for`,
			charge.charge_id,
		);
	}
	if (charge !== undefined && charge.refunded !== asked_amount) {
		const detail = `the charge says ${charge.refunded}, its refunds are ${asked_amount}`;
		add("refunds_off", detail, charge.charge_id);
	}
	if (order?.status !== "cancelled" || refunded >= taken) return;
	// What is not known to be taken is found out first, and then refunded.
	if (charge !== undefined && (isOpen(charge) || charge.state === "manual")) return;
	const coming = sum(asked.filter(({ state }) => state !== "succeeded"));
	if (refunded + coming < taken)
		add("money_kept", `${taken - refunded - coming} of ${taken} are kept`);
}

/** The refund gives nothing back, and never will. */
function isOver(state: ChargeRow["state"]): boolean {
	return state === "declined" || state === "void";
}

function same(one: Money, other: Money): boolean {
	return one.amount === other.amount && one.currency === other.currency;
}

function said({ amount, currency }: Money): string {
	return `${amount} ${currency}`;
}

function sum(all: readonly Pick<Money, "amount">[]): number {
	return all.reduce((total, { amount }) => total + amount, 0);
}
