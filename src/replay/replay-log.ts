import { CHECKPOINT_PATH, peekCheckpoint } from "../transparency/checkpoint.ts";
import type { LogReader } from "../transparency/log-reader.ts";
import { compareOrder } from "./compare-order.ts";
import { compareStock } from "./compare-stock.ts";
import type { LiveOrder } from "./live-rows.ts";
import type { LiveStore } from "./live-store.ts";
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
		const replay = { reader, options, rebuilt, verdict, suspects: new Map(), size: 0, foreign: 0 };
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
		for (const { order_id, row } of page.flatMap(rowsOf)) {
			state.take(order_id, row);
			options.onRow?.(order_id, row);
		}
		if (settled_ms !== undefined) for (const known of page) suspect(replay, known, settled_ms);
		const { orders } = state.counts;
		options.progress?.("orders", orders, Math.max(total, orders));
	}
	return state.end(rebuilt.held);
}

function rowsOf({ order_id, told }: KnownOrder) {
	return told ? rebuildOrder(told).rows.map((row) => ({ order_id, row })) : [];
}

function suspect({ suspects, verdict }: Replay, known: KnownOrder, settled_ms: number) {
	const { order_id, told, found } = known;
	if (compareOrder(order_id, told, found).length === 0) return;
	if (suspects.size < SUSPECTS_MAX) suspects.set(order_id, found);
	else verdict.addOrder(order_id, found, settled_ms);
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
	for (const [order_id, found] of replay.suspects) verdict.addOrder(order_id, found, settled_ms);
	for (const { difference, written_ms } of stock)
		verdict.addStock(difference, written_ms, settled_ms);
}

async function dropAgreed(replay: Replay, live: LiveStore): Promise<void> {
	const ids = [...replay.suspects.keys()];
	const still: Replay["suspects"] = new Map();
	for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
		const some = ids.slice(from, from + IDS_AT_ONCE);
		const rows = await live.find(some);
		for (const id of some) {
			const found = rows.get(id);
			if (compareOrder(id, replay.rebuilt.find(id), found).length > 0) still.set(id, found);
		}
	}
	replay.suspects = still;
}
