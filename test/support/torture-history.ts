import { subjects } from "../../src/verify/event-tally.ts";
import { readEvent } from "../../src/verify/read-event.ts";
import { type LogFiles, readLog } from "../../src/verify/read-log.ts";

/** Two events that no order has both of. */
const EXCLUSIVE = [
	["orders.confirmed.v1", "orders.cancelled.v1"],
	["orders.confirmed.v1", "inventory.rejected.v1"],
	["orders.confirmed.v1", "inventory.released.v1"],
	["orders.confirmed.v1", "payments.failed.v1"],
	["inventory.reserved.v1", "inventory.rejected.v1"],
	["payments.completed.v1", "payments.failed.v1"],
] as const;

/** No order has the first without the second. */
const NEEDS = [
	["inventory.reserved.v1", "orders.created.v2"],
	["inventory.rejected.v1", "orders.created.v2"],
	["payments.completed.v1", "inventory.reserved.v1"],
	["payments.failed.v1", "inventory.reserved.v1"],
	["orders.confirmed.v1", "payments.completed.v1"],
	["inventory.released.v1", "orders.cancelled.v1"],
	["payments.refunded.v1", "payments.completed.v1"],
	["payments.refunded.v1", "orders.cancelled.v1"],
] as const;

const CREATED = "orders.created.v2";
const CONFIRMED = "orders.confirmed.v1";

/**
 * What is wrong with the events of each order, in the order of the log. It has each stream in the stream's
 * order, and the streams beside each other: only events of one stream can be put before and after.
 */
export async function readHistories(files: LogFiles): Promise<string[]> {
	const wrong: string[] = [];
	const histories = new Map<string, number>();
	for await (const { entries } of readLog(files)) {
		for (const bytes of entries) {
			const text = Buffer.from(bytes).toString("latin1");
			const event = readEvent(text, 0, text.length, undefined);
			if (event === undefined) continue;
			const { order_id } = event;
			const subject = text.slice(0, text.indexOf("\r\n"));
			const seen = histories.get(order_id) ?? 0;
			if (subject === CONFIRMED && !has(seen, CREATED)) {
				wrong.push(`${order_id} was confirmed before it was created`);
			}
			histories.set(order_id, seen | bit(subject));
		}
	}
	for (const [order_id, seen] of histories) {
		for (const complaint of judgeHistory(seen)) wrong.push(`${order_id}: ${complaint}`);
	}
	return wrong;
}

function judgeHistory(seen: number): string[] {
	return [
		...EXCLUSIVE.filter(([one, other]) => has(seen, one) && has(seen, other)).map(
			([one, other]) => `${one} and ${other}`,
		),
		...NEEDS.filter(([one, other]) => has(seen, one) && !has(seen, other)).map(
			([one, other]) => `${one} without ${other}`,
		),
	];
}

function bit(subject: string): number {
	return 1 << subjects.indexOf(subject as (typeof subjects)[number]);
}

function has(seen: number, subject: string): boolean {
	return (seen & bit(subject)) !== 0;
}
