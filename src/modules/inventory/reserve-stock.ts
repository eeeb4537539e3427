import { createEvent, type OutgoingEvent } from "../../contracts/events.ts";
import { carryFacts } from "../../contracts/order-events.ts";
import { retryConflicts } from "../../database/retry-conflicts.ts";
import type { Broker } from "../../messaging/connection.ts";
import { done, type Handle, type IncomingEvent } from "../../messaging/outcome.ts";
import type { Relay } from "../../messaging/relay.ts";
import { sayAgain } from "../../messaging/say-again.ts";
import { addUp, type Decision, type Demand, reserve } from "./inventory.ts";
import type { InventoryStore } from "./store.ts";

type Created = IncomingEvent<"orders.created.v2">;

/**
 * Holds every line of an order or none. It reads stock, decides, and writes; when another replica
 * was faster the write is refused as a whole, and it reads and decides again.
 */
export function reserveStock(needs: {
	store: InventoryStore;
	relay: Relay;
	broker: Broker;
}): Handle<"orders.created.v2"> {
	const { store, relay, broker } = needs;

	/** What was decided about orders that stand still, which somebody may never have heard. */
	async function decidedBefore(events: readonly Created[]): Promise<OutgoingEvent[]> {
		const stuck = new Map(events.filter((it) => it.stuck).map((it) => [it.data.order_id, it]));
		if (stuck.size === 0) return [];
		return (await store.find([...stuck.keys()])).flatMap(
			({ order_id, status, lines, updated_at }) => {
				const event = stuck.get(order_id) as Created;
				// Which SKU it was is not on record; whoever is told wants to know that it was one of these.
				const { sku = "" } = event.data.lines[0] ?? {};
				if (status === "released") return [];
				const decision = { status, demand: { order_id, lines }, sku };
				return [announce(decision, event, updated_at.toISOString())];
			},
		);
	}

	async function decideAndWrite(events: ReadonlyMap<string, Created>, attempt: number) {
		const open = new Map(events);
		// The first try takes every order for new, which it nearly always is.
		if (attempt > 1)
			for (const { order_id } of await store.find([...open.keys()])) open.delete(order_id);
		if (open.size === 0) return;
		const demands = [...open.values()].map(
			({ data }): Demand => ({
				order_id: data.order_id,
				lines: addUp(data.lines),
			}),
		);
		const skus = new Set(demands.flatMap(({ lines }) => lines.map(({ sku }) => sku)));
		const levels = await store.levels([...skus]);
		const decisions = reserve(new Map(levels.map((it) => [it.sku, it.available])), demands);
		const now = new Date().toISOString();
		relay.accept(
			await store.reserve(
				decisions.map(({ status, demand }) => ({ ...demand, status })),
				addUp(decisions.flatMap((it) => (it.status === "held" ? it.demand.lines : []))),
				decisions.map((it) => [announce(it, open.get(it.demand.order_id) as Created, now)]),
			),
		);
	}

	return async (events) => {
		const byOrder = new Map(events.map((event) => [event.data.order_id, event]));
		const said = await decidedBefore(events);
		await retryConflicts((attempt) => decideAndWrite(byOrder, attempt));
		await sayAgain(broker, said, "stuck");
		return events.map(() => done);
	};
}

function announce(decision: Decision, { data, traceparent }: Created, now: string): OutgoingEvent {
	const facts = carryFacts(data, now);
	if (decision.status === "rejected") {
		const rejected = { ...facts, sku: decision.sku };
		return createEvent("inventory.rejected.v1", data.order_id, rejected, traceparent);
	}
	const { payment_token } = data;
	const reserved = { ...facts, lines: [...decision.demand.lines], payment_token };
	return createEvent("inventory.reserved.v1", data.order_id, reserved, traceparent);
}
