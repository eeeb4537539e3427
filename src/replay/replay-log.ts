import { CHECKPOINT_PATH, peekCheckpoint } from "../transparency/checkpoint.ts";
import type { LogReader } from "../transparency/log-reader.ts";
import { FORGOTTEN } from "../transparency/unseal.ts";
import { compareOrder } from "./compare-order.ts";
import { compareStock } from "./compare-stock.ts";
import type { LiveOrder } from "./live-rows.ts";
import type { LiveStore } from "./live-store.ts";
import { type OpenField, openerFor } from "./open-fields.ts";
import { type KnownOrder, pages } from "./pages.ts";
import { readEvents } from "./read-events.ts";
import { type RebuiltRow, rebuildOrder } from "./rebuild-order.ts";
import { openRebuiltStore, type RebuiltStore } from "./rebuilt-store.ts";
import type { ReplayReport } from "./report.ts";
import { createState } from "./state.ts";
import { createVerdict, settledMs, type Verdict } from "./verdict.ts";

export interface ReplayNeeds {
	readonly reader: LogReader;
	/** undefined: the log is replayed, and compared with nothing. */
	readonly live: LiveStore | undefined;
}

export interface ReplayOptions {
	/** What was written to so shortly ago may be a step in progress. 0: everything is at rest. */
	readonly settle_ms: number;
	/** Told now and then how far it is. */
	readonly progress?: (step: "log" | "orders", done: number, total: number) => void;
	/** Gets each row that was rebuilt, in the order of order ids. */
	readonly onRow?: (order_id: string, row: RebuiltRow) => void;
}

interface Replay {
	readonly reader: LogReader;
	readonly options: ReplayOptions;
	readonly rebuilt: RebuiltStore;
	readonly verdict: Verdict;
	/** Orders that did not agree, and may if they are looked at again. */
	suspects: Map<string, LiveOrder | undefined>;
	/** How far the log is read. */
	size: number;
	foreign: number;
	/** Fields of customers who were forgotten. */
	erased: number;
}

/** More than this is not wrong for bad timing. */
const SUSPECTS_MAX = 50_000;
const LOOK_EVERY_MS = 250;
const IDS_AT_ONCE = 1_000;

/**
 * Rebuilds orders, reservations, stock and charges from the log alone, and compares them with the tables. It
 * publishes nothing, asks no gateway and writes to no table. At rest it is exact; in a running millrace it
 * looks again at what does not agree.
 * @throws ReplayError when the log is not whole
 */
export async function replayLog(
	{ reader, live }: ReplayNeeds,
	options: ReplayOptions,
): Promise<ReplayReport> {
	const begun_ms = performance.now();
	const rebuilt = openRebuiltStore();
	try {
		const verdict = createVerdict(rebuilt);
		const counts = { size: 0, foreign: 0, erased: 0 };
		const replay = { reader, options, rebuilt, verdict, suspects: new Map(), ...counts };
		await readOn(replay);
		const { size, foreign } = replay;
		const { repeated } = rebuilt;
		const state = await lookAtAll(replay, live);
		if (live !== undefined) await lookAgain(replay, live);
		verdict.addContradictions();
		return {
			took_ms: Math.round(performance.now() - begun_ms),
			size,
			foreign,
			repeated,
			...state,
			erased: replay.erased,
			compared: live !== undefined,
			...verdict.result(),
		};
	} finally {
		rebuilt.close();
	}
}

/** Reads the log on, up to its newest checkpoint. */
async function readOn(replay: Replay): Promise<void> {
	const { reader, rebuilt, options } = replay;
	const checkpoint = await reader.read(CHECKPOINT_PATH);
	const size = checkpoint === undefined ? 0 : peekCheckpoint(checkpoint).size;
	for await (const { next, events, foreign } of readEvents(reader, replay.size, size)) {
		rebuilt.take(events);
		replay.foreign += foreign;
		replay.size = next;
		options.progress?.("log", next, size);
	}
}

/** @returns what was rebuilt: how much, and a hash over all of it */
async function lookAtAll(replay: Replay, live: LiveStore | undefined) {
	const { rebuilt, options } = replay;
	const state = createState();
	const total = (await live?.begin())?.orders ?? 0;
	const settled_ms = live && (await settledMs(live, options.settle_ms));
	for await (const page of pages(rebuilt, live)) {
		const rows = page.flatMap(rowsOf);
		for (const { order_id, row } of rows) {
			state.take(order_id, row);
			options.onRow?.(order_id, row);
		}
		if (live !== undefined && settled_ms !== undefined) {
			const open = await openerFor(
				page.map(({ told }) => told),
				live.keys,
			);
			for (const known of page) suspect(replay, known, settled_ms, open);
			replay.erased += countErased(rows, open);
		}
		const { orders } = state.counts;
		options.progress?.("orders", orders, Math.max(total, orders));
	}
	return state.end(rebuilt.held);
}

function rowsOf({ order_id, told }: KnownOrder) {
	return told ? rebuildOrder(told).rows.map((row) => ({ order_id, row })) : [];
}

function countErased(rows: ReturnType<typeof rowsOf>, open: OpenField): number {
	const fields = rows.flatMap(({ order_id, row }) =>
		row.fields.filter((field) => open(order_id, field) === FORGOTTEN),
	);
	return fields.length;
}

function suspect(
	{ suspects, verdict }: Replay,
	{ order_id, told, found }: KnownOrder,
	settled_ms: number,
	open: OpenField,
) {
	if (compareOrder(order_id, told, found, open).length === 0) return;
	if (suspects.size < SUSPECTS_MAX) suspects.set(order_id, found);
	else verdict.addOrder(order_id, found, settled_ms, open);
}

/** Looks at what did not agree until it does, or nothing more is to be expected. */
async function lookAgain(replay: Replay, live: LiveStore): Promise<void> {
	const { rebuilt, verdict, options } = replay;
	let stock = await compareStock(rebuilt.held, live);
	const until = performance.now() + options.settle_ms;
	while (replay.suspects.size + stock.length > 0 && performance.now() < until) {
		await Bun.sleep(LOOK_EVERY_MS);
		// The rows last: whatever the log told by then is in them.
		await readOn(replay);
		await dropAgreed(replay, live);
		if (stock.length > 0) stock = await compareStock(rebuilt.held, live);
	}
	const settled_ms = await settledMs(live, options.settle_ms);
	for (const ids of parts(replay.suspects.keys())) {
		const open = await openerFor(ids.map(rebuilt.find), live.keys);
		for (const id of ids) verdict.addOrder(id, replay.suspects.get(id), settled_ms, open);
	}
	for (const { difference, written_ms } of stock)
		verdict.addStock(difference, written_ms, settled_ms);
}

async function dropAgreed(replay: Replay, live: LiveStore): Promise<void> {
	const { find } = replay.rebuilt;
	const still: Replay["suspects"] = new Map();
	for (const ids of parts(replay.suspects.keys())) {
		const rows = await live.find(ids);
		const open = await openerFor(ids.map(find), live.keys);
		for (const id of ids) {
			const found = rows.get(id);
			if (compareOrder(id, find(id), found, open).length > 0) still.set(id, found);
		}
	}
	replay.suspects = still;
}

function* parts(ids: Iterable<string>): Generator<readonly string[]> {
	const all = [...ids];
	for (let from = 0; from < all.length; from += IDS_AT_ONCE)
		yield all.slice(from, from + IDS_AT_ONCE);
}
