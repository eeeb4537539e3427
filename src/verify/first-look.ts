import type { BookEntry } from "../gateway/gateway.ts";
import { countFacts } from "./count-facts.ts";
import { pagedCursor, sortedCursor } from "./cursor.ts";
import type { EventTally } from "./event-tally.ts";
import type { ChargeRow, Limits, OrderFacts, OrderRow, ReservationRow } from "./facts.ts";
import { createBookSpill, createEventSpill, gatherBooks, gatherEvents } from "./gather.ts";
import { judgeOrder } from "./judge-order.ts";
import { mergeFacts } from "./merge-facts.ts";
import { addCertain, type Run } from "./run.ts";
import type { ChargeKey } from "./store.ts";

const ROWS_A_PAGE = 2_000;
/** More than this is not wrong for bad timing. */
const SUSPECTS_MAX = 50_000;
/** Before every other. */
const FIRST_CHARGE: ChargeKey = { order_id: "", kind: "charge", request_id: "" };

/** Reads everything once: the log and the gateway's books, and then the rows that they follow from. */
export async function firstLook(run: Run): Promise<void> {
	const events = createEventSpill();
	const books = createBookSpill();
	try {
		await Promise.all([
			readEvents(run, (order_id, tally) => events.add(order_id, tally)),
			readBooks(run, (order_id, entry) => books.add(order_id, [entry])),
		]);
		const limits = await run.limits();
		const sorted = { moved: sortedCursor(books.sorted()), events: sortedCursor(events.sorted()) };
		await mergeFacts({ ...rowCursors(run), ...sorted }, (facts) => takeFacts(run, facts, limits));
	} finally {
		events.close();
		books.close();
	}
}

async function readEvents(run: Run, add: (order_id: string, tally: EventTally) => void) {
	const { reading, since_ms, counted } = run;
	const total = await run.store.logSize();
	await gatherEvents(
		run.log_files,
		reading,
		since_ms,
		({ order_id, tally }) => add(order_id, tally),
		() => run.tell("log", reading.size, total),
	);
	counted.events = reading.size;
	counted.foreign_events = reading.foreign;
}

async function readBooks(run: Run, add: (order_id: string, entry: BookEntry) => void) {
	const { gateway, since_ms = 0, counted, findings } = run;
	if (gateway === undefined) return;
	const take = (entry: BookEntry) => {
		counted.gateway_entries += 1;
		if (entry.order_id !== undefined) return add(entry.order_id, entry);
		const { kind, amount, currency, reference } = entry;
		const detail = `a ${kind} ${reference} of ${amount} ${currency}, made by somebody else`;
		findings.add({ finding: "unmatched_gateway", detail });
	};
	await gatherBooks(gateway, since_ms, take, () =>
		run.tell("gateway", counted.gateway_entries, undefined),
	);
}

function rowCursors({ store, since_ms, tell, counted, orders }: Run) {
	return {
		orders: pagedCursor<OrderRow>((last) => {
			tell("orders", counted.orders, orders);
			return store.orders(last?.order_id ?? "", since_ms, ROWS_A_PAGE);
		}, ROWS_A_PAGE),
		reservations: pagedCursor<ReservationRow>(
			(last) => store.reservations(last?.order_id ?? "", since_ms, ROWS_A_PAGE),
			ROWS_A_PAGE,
		),
		charges: pagedCursor<ChargeRow>(
			(last) => store.charges(last ?? FIRST_CHARGE, since_ms, ROWS_A_PAGE),
			ROWS_A_PAGE,
		),
	};
}

function takeFacts(run: Run, facts: OrderFacts, limits: Limits): void {
	const { since_ms, settle_ms } = run.options;
	const { order_id, order } = facts;
	run.unseen.delete(order_id);
	if (since_ms !== undefined && order !== undefined && order.created_ms < since_ms) return;
	countFacts(run, facts, limits.with_gateway);
	const found = judgeOrder(facts, limits);
	if (found.length === 0) return;
	// An order that is not there may only have come earlier.
	const may_be_older = since_ms !== undefined && order === undefined;
	if (settle_ms === 0 && !may_be_older) for (const finding of found) run.findings.add(finding);
	else if (run.suspects.size < SUSPECTS_MAX) run.suspects.set(order_id, facts);
	else if (!may_be_older) addCertain(run, facts, found, limits);
}
