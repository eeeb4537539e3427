import postgres from "postgres";
import type { ModuleName } from "../../src/contracts/streams.ts";
import type { BookEntry, Gateway } from "../../src/gateway/gateway.ts";
import { openDirectory } from "../../src/object-store/directory-store.ts";
import { readVerifierKey } from "../../src/transparency/keys.ts";
import { verifyLog } from "../../src/transparency/verify-log.ts";
import type { FindingKind } from "../../src/verify/findings.ts";
import { openVerifier } from "../../src/verify/open-verifier.ts";
import type { Report } from "../../src/verify/report.ts";
import type { Goods, WorkloadOrder } from "./cluster-workload.ts";
import { readHistories } from "./torture-history.ts";
import { type JournalRecord, keyOf } from "./torture-journal.ts";
import { AT_REST } from "./verdict-books.ts";

/** The promises, numbered as in the test programme. */
export const invariants = {
	I1: "an accepted order is lost",
	I2: "an order that nobody asked for, or two for one key",
	I3: "an order is charged or refunded more than once",
	I4: "an amount is not the one that was asked for",
	I5: "charged and not recorded, or recorded and not charged",
	I6: "stock does not add up",
	I7: "an order did not end, in exactly one way",
	I8: "the dead letters are not those that were poisoned",
	I9: "the audit log does not have every event once, or not as it was signed",
	I10: "the events of an order contradict each other",
} as const;
export type Invariant = keyof typeof invariants;

/** What is broken, with how often and the first few cases. */
export type Violations = Partial<Record<Invariant, { count: number; readonly examples: string[] }>>;

export interface Evidence {
	readonly database_urls: Readonly<Record<ModuleName, string>>;
	readonly gateway: Gateway;
	readonly audit_folder: string;
	/** The public key of the audit log, as its file has it. */
	readonly audit_key: string;
	readonly journal: JournalRecord;
	/** All goods that came in. */
	readonly goods: readonly Goods[];
	/** As `consumer stream sequence`. */
	readonly letters: ReadonlySet<string>;
	readonly letters_expected: ReadonlySet<string>;
	/** Those that may be there or not. */
	readonly letters_lost: ReadonlySet<string>;
}

export interface Checked {
	readonly violations: Violations;
	/** What `millrace verify` says. */
	readonly report: Report;
}

const broken: Readonly<Record<FindingKind, Invariant>> = {
	order_lost: "I1",
	order_overdue: "I7",
	confirmed_uncharged: "I5",
	charged_twice: "I3",
	amount_mismatch: "I4",
	unmatched_gateway: "I5",
	unmatched_local: "I5",
	charge_without_order: "I5",
	money_kept: "I5",
	refunded_too_much: "I3",
	refund_unasked: "I5",
	refunds_off: "I5",
	charge_unresolved: "I7",
	charge_parked: "I7",
	confirmed_without_stock: "I6",
	stock_kept: "I6",
	stock_without_order: "I6",
	stock_mismatch: "I6",
	event_missing: "I9",
	event_twice: "I9",
	event_unfounded: "I9",
	log_size_off: "I9",
	log_unreadable: "I9",
};

interface OrderRow {
	readonly order_id: string;
	readonly idempotency_key: string | null;
	readonly status: "pending" | "confirmed" | "cancelled";
	readonly total_amount: number;
	readonly currency: string;
}

type Say = (invariant: Invariant, what: string, count?: number) => void;

const EXAMPLES_MAX = 5;
const CONNECT_TIMEOUT_S = 10;

/** Judges a millrace at rest: by `millrace verify`, and by what clients wrote down, which that cannot know. */
export async function checkInvariants(evidence: Evidence): Promise<Checked> {
	const violations: Violations = {};
	const say: Say = (invariant, what, count = 1) => {
		const found = violations[invariant] ?? { count: 0, examples: [] };
		violations[invariant] = found;
		found.count += count;
		if (found.examples.length < EXAMPLES_MAX) found.examples.push(what);
	};
	const books = (await Array.fromAsync(evidence.gateway.books(0))).flat();
	const report = await verifyBooks(evidence, books);
	for (const [kind, { count, examples }] of Object.entries(report.findings)) {
		const [first] = examples;
		const what = `${kind}: ${first?.order_id ?? first?.sku ?? ""} ${first?.detail ?? ""}`;
		say(broken[kind as FindingKind], what, count);
	}
	const sql = postgres(evidence.database_urls.order, { max: 1, onnotice() {} });
	try {
		const orders = await sql<OrderRow[]>`
			select order_id, idempotency_key, status, total_amount::float8, currency
			from millrace_order.orders`;
		checkOrders(evidence.journal, orders, say);
		checkMoney(orders, books, say);
	} finally {
		await sql.end();
	}
	await checkStock(evidence, say);
	checkLetters(evidence, say);
	await checkLog(evidence, say);
	return { violations, report };
}

async function verifyBooks(evidence: Evidence, books: readonly BookEntry[]): Promise<Report> {
	const { database_urls, audit_folder, journal } = evidence;
	const gateway: Gateway = {
		...evidence.gateway,
		async *books() {
			yield books;
		},
	};
	const log_files = openDirectory(audit_folder);
	const needs = { database_urls, connect_timeout_s: CONNECT_TIMEOUT_S, gateway, log_files };
	const verifier = openVerifier(needs);
	try {
		const accepted = new Set([...journal.accepted.values()].flatMap((ids) => [...ids]));
		return await verifier.verify({ ...AT_REST, accepted });
	} finally {
		await verifier.close();
	}
}

function checkOrders(journal: JournalRecord, orders: readonly OrderRow[], say: Say) {
	const byKey = new Map(orders.map((order) => [order.idempotency_key, order]));
	const asked = new Map([...journal.asked].map(([n, body]) => [keyOf(n), body]));
	for (const order of orders) {
		const { order_id, idempotency_key, status } = order;
		const body = asked.get(idempotency_key ?? "");
		if (status === "pending") say("I7", `${order_id} is pending`);
		if (body === undefined) say("I2", `${order_id}: ${idempotency_key} was never asked for`);
		else checkAmount(order, body, say);
	}
	if (byKey.size < orders.length) say("I2", "two orders of one key", orders.length - byKey.size);
	for (const [position, ids] of journal.accepted) {
		const order = byKey.get(keyOf(position));
		if (order === undefined) say("I1", `${[...ids]} was accepted and is not there`);
		else if (ids.size > 1 || !ids.has(order.order_id)) {
			say("I2", `${keyOf(position)} was answered with ${[...ids]}, and is ${order.order_id}`);
		}
	}
}

function checkAmount(order: OrderRow, { lines, currency }: WorkloadOrder["body"], say: Say) {
	const { order_id, total_amount } = order;
	const total = lines.reduce((sum, { quantity, unit_price }) => sum + quantity * unit_price, 0);
	if (total === total_amount && currency === order.currency) return;
	say("I4", `${order_id}: ${total} ${currency} asked, ${total_amount} ${order.currency} taken`);
}

function checkMoney(orders: readonly OrderRow[], books: readonly BookEntry[], say: Say) {
	const moved = { charge: new Map<string, number>(), refund: new Map<string, number>() };
	for (const { kind, order_id = "" } of books) {
		const times = (moved[kind].get(order_id) ?? 0) + 1;
		moved[kind].set(order_id, times);
		if (times > 1) say("I3", `${order_id}: ${kind} no. ${times}`);
	}
	for (const { order_id, status } of orders) {
		const kept = (moved.charge.get(order_id) ?? 0) - (moved.refund.get(order_id) ?? 0);
		if (status === "confirmed" && kept === 0) say("I5", `${order_id} is confirmed and not paid`);
		if (status === "cancelled" && kept > 0) say("I5", `${order_id} is cancelled and paid`);
	}
}

/** What is left is what came in without what the confirmed orders asked for, by the clients' own word. */
async function checkStock({ database_urls, journal, goods }: Evidence, say: Say) {
	const left = new Map(goods.map(({ sku, quantity }) => [sku, quantity]));
	const orders = postgres(database_urls.order, { max: 1, onnotice() {} });
	const inventory = postgres(database_urls.inventory, { max: 1, onnotice() {} });
	try {
		const confirmed = await orders<{ idempotency_key: string }[]>`
			select idempotency_key from millrace_order.orders where status = 'confirmed'`;
		const keys = new Set(confirmed.map(({ idempotency_key }) => idempotency_key));
		for (const [position, { lines }] of journal.asked) {
			if (!keys.has(keyOf(position))) continue;
			for (const { sku, quantity } of lines) left.set(sku, (left.get(sku) ?? 0) - quantity);
		}
		const stock = await inventory<{ sku: string; available: number }[]>`
			select sku, available::float8 from millrace_inventory.stock`;
		for (const { sku, available } of stock) {
			if (available < 0) say("I6", `${sku}: ${available} are available`);
			if (left.get(sku) !== available) {
				say("I6", `${sku}: ${available} are available, ${left.get(sku)} are left`);
			}
		}
	} finally {
		await Promise.all([orders.end(), inventory.end()]);
	}
}

function checkLetters({ letters, letters_expected, letters_lost }: Evidence, say: Say) {
	for (const letter of letters) {
		if (letters_expected.has(letter) || letters_lost.has(letter)) continue;
		say("I8", `${letter} was parked`);
	}
	for (const letter of letters_expected) {
		if (!letters.has(letter)) say("I8", `${letter} was not parked`);
	}
}

async function checkLog({ audit_folder, audit_key, database_urls }: Evidence, say: Say) {
	const reader = openDirectory(audit_folder);
	const keys = audit_key.split(/\s+/).filter(Boolean).map(readVerifierKey);
	const { faults, head } = await verifyLog({
		reader,
		keys,
		remembered: undefined,
		onProgress() {},
	});
	for (const { message } of faults) say("I9", message);
	const sql = postgres(database_urls.audit, { max: 1, onnotice() {} });
	try {
		const [log] = await sql<{ size: number }[]>`select size::float8 from millrace_audit.log`;
		const [size, signed] = [log?.size ?? 0, head?.size ?? 0];
		if (size !== signed) say("I9", `${size} entries are recorded, ${signed} are signed`);
	} finally {
		await sql.end();
	}
	for (const what of await readHistories(reader)) say("I10", what);
}
