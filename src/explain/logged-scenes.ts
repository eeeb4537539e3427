import { BUNDLE_WIDTH, decodeEntry, type Entry } from "../contracts/audit-log.ts";
import { CHECKPOINT_PATH, peekCheckpoint } from "../transparency/checkpoint.ts";
import { findOrder, type PlacedEntry, readEntries } from "../transparency/find-order.ts";
import type { LogReader } from "../transparency/log-reader.ts";
import { keyIdsIn, type PersonalKeys, unseal } from "../transparency/unseal.ts";
import type { Scene } from "./story.ts";

const ACTED = "operations.acted.v1";
const READS_AT_ONCE = 16;
/** Carried by every event about an order. */
const FACTS = ["order_id", "tenant_id", "customer_id", "currency", "total_amount"] as const;
const HIDDEN = ["payment_token"] as const;

/** Finds the keys that are still there; undefined when nobody can be asked. */
export type FindKeys = (key_ids: readonly string[]) => Promise<PersonalKeys | undefined>;

/** What the log has about an order: its events by the index, and what operators did that names it. */
export async function loggedScenes(
	reader: LogReader,
	findKeys: FindKeys,
	order_id: string,
): Promise<Scene[]> {
	const checkpoint = await reader.read(CHECKPOINT_PATH);
	const size = checkpoint === undefined ? 0 : peekCheckpoint(checkpoint).size;
	const events = await findOrder(reader, order_id, size);
	const acts = await findActs(reader, order_id, size);
	const found = [...events, ...acts].map(({ index, entry }) => ({
		index,
		entry: decodeEntry(entry),
	}));
	const key_ids = new Set(found.flatMap(({ entry }) => keyIdsIn(entry)));
	const keys = key_ids.size > 0 ? await findKeys([...key_ids]) : undefined;
	return found.map(({ index, entry }) => toScene(index, unseal(entry, keys)));
}

/**
 * Acts have no order in the index, since they can be about many: all of the log is looked through. Only the
 * beginning of an act names the order; its end has the same `action_id`.
 */
async function findActs(
	reader: LogReader,
	order_id: string,
	size: number,
): Promise<readonly PlacedEntry[]> {
	const bundles = Math.ceil(size / BUNDLE_WIDTH);
	const acts: (PlacedEntry & { readonly text: string })[] = [];
	for (let first = 0; first < bundles; first += READS_AT_ONCE) {
		const count = Math.min(READS_AT_ONCE, bundles - first);
		const numbers = Array.from({ length: count }, (_, n) => first + n);
		const some = await Promise.all(numbers.map((n) => readEntries(reader, n, size)));
		const placed = some.flatMap((entries, n) =>
			entries.map((entry, at) => ({ index: (first + n) * BUNDLE_WIDTH + at, entry })),
		);
		for (const { index, entry } of placed) {
			const bytes = Buffer.from(entry.buffer, entry.byteOffset, entry.length);
			if (!bytes.toString("latin1", 0, ACTED.length).startsWith(ACTED)) continue;
			acts.push({ index, entry, text: bytes.toString("latin1") });
		}
	}
	const about = new Set(
		acts.filter(({ text }) => text.includes(order_id)).map(({ text }) => actionOf(text)),
	);
	return acts.filter(({ text }) => about.has(actionOf(text)));
}

function actionOf(text: string): string | undefined {
	return /"action_id":"([^"]+)"/.exec(text)?.[1];
}

function toScene(log_index: number, { subject: what, headers, data }: Entry): Scene {
	const given = parse(data);
	const { occurred_at, created_at, ...said } = given;
	const at = occurred_at ?? created_at;
	const block = new TextDecoder().decode(headers);
	const traceparent = /\r\ntraceparent: [^-\r]*-([\da-f]{32})-/i.exec(block);
	const isFirst = what.startsWith("orders.created.");
	const left_out = new Set<string>([...(isFirst ? ["order_id"] : FACTS), ...HIDDEN]);
	return {
		at: at === undefined ? "" : new Date(at as string | number).toISOString(),
		source: "log",
		what,
		log_index,
		trace_id: traceparent?.[1],
		details: Object.fromEntries(Object.entries(said).filter(([name]) => !left_out.has(name))),
	};
}

/** Anybody can publish anything. */
function parse(data: Uint8Array): Record<string, unknown> {
	try {
		return JSON.parse(new TextDecoder().decode(data));
	} catch {
		return { unreadable: true };
	}
}
