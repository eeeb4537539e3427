import { contracts, type OrderSubject, type Payload, type Subject } from "../contracts/events.ts";
import { minorDigits } from "../contracts/money.ts";
import type { OrderCreatedV2 } from "../contracts/order-events.ts";

/** What has been seen of one order. */
export interface Sight {
	readonly order_id: string;
	/** When it was first seen, in epoch ms. */
	readonly seen_ms: number;
	/** The order itself; undefined while only what follows from it was seen. */
	readonly created: OrderCreatedV2 | undefined;
	readonly steps: ReadonlyMap<Subject, Step>;
}

interface Step {
	readonly text: string;
	readonly at_ms: number;
}

/** An event of an order that was read from a stream. */
export type SeenEvent = {
	[S in OrderSubject]: { subject: S; payload: Payload<S> };
}[OrderSubject];

/** How far an order is: `decided` has its outcome, and something that belongs to it is still to come. */
export type Stage = "unknown" | "open" | "decided" | "ended";

/** Reads an event; undefined when it is none of ours. */
export function readEvent(subject: string, data: Uint8Array): SeenEvent | undefined {
	if (!Object.hasOwn(contracts, subject) || subject.startsWith("operations.")) return undefined;
	const known = subject as Subject;
	try {
		const payload = contracts[known].schema.parse(JSON.parse(Buffer.from(data).toString()));
		return { subject: known, payload } as SeenEvent;
	} catch {
		return undefined;
	}
}

/** Adds an event to what was seen of its order; the second sight of the same changes nothing. */
export function addEvent(sight: Sight | undefined, event: SeenEvent, at_ms: number): Sight {
	const { order_id } = event.payload;
	const before = sight ?? { order_id, seen_ms: at_ms, created: undefined, steps: new Map() };
	if (event.subject === "orders.created.v2") return { ...before, created: event.payload };
	const text = textOf(event);
	if (text === undefined || before.steps.has(event.subject)) return before;
	return { ...before, steps: new Map([...before.steps, [event.subject, { text, at_ms }]]) };
}

function textOf({ subject, payload }: SeenEvent): string | undefined {
	switch (subject) {
		case "inventory.reserved.v1":
			return "stock held";
		case "inventory.rejected.v1":
			return `no ${payload.sku} left`;
		case "inventory.released.v1":
			return "stock given back";
		case "payments.completed.v1":
			return "charged";
		case "payments.failed.v1":
			return `declined (${payload.decline_code.replaceAll("_", " ")})`;
		case "payments.refunded.v1":
			return "refunded";
		case "orders.confirmed.v1":
			return "confirmed";
		case "orders.cancelled.v1":
			return "cancelled";
		default:
			return undefined;
	}
}

/** How far the order is. Its events come from three streams, not always in the order they happened. */
export function stageOf({ created, steps }: Sight): Stage {
	if (created === undefined) return "unknown";
	const held = steps.has("inventory.reserved.v1");
	if (steps.has("orders.confirmed.v1")) {
		return held && steps.has("payments.completed.v1") ? "ended" : "decided";
	}
	if (!steps.has("orders.cancelled.v1")) return "open";
	return held && !steps.has("inventory.released.v1") ? "decided" : "ended";
}

/** One line: when, which order, what was ordered, and each step with the time since it was placed. */
export function sightLine({ order_id, created, steps }: Sight): string {
	if (created === undefined) return "";
	const placed = new Date(created.occurred_at);
	const since = (at_ms: number) => `${Math.max(at_ms - placed.getTime(), 0)} ms`;
	const way = [...steps.values()]
		.sort((a, b) => a.at_ms - b.at_ms)
		.map(({ text, at_ms }) => `${text} ${since(at_ms)}`);
	return [
		placed.toTimeString().slice(0, 8),
		`order …${order_id.slice(-6)}`,
		basketOf(created).padEnd(30),
		moneyOf(created).padStart(11),
		["placed", ...way].join(" → "),
	].join("  ");
}

function basketOf({ lines }: OrderCreatedV2): string {
	return lines.map(({ sku, quantity }) => `${quantity} ${sku}`).join(", ");
}

function moneyOf({ currency, total_amount }: OrderCreatedV2): string {
	const digits = minorDigits(currency);
	return `${currency} ${(total_amount / 10 ** digits).toFixed(digits)}`;
}
