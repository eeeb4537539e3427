import { DatabaseUnavailableError } from "../../database/errors.ts";
import type { Part } from "../../lifecycle.ts";
import { createBatcher } from "../../messaging/batcher.ts";
import type { Relay } from "../../messaging/relay.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { createdEvents } from "./created-events.ts";
import type { NewOrder } from "./order.ts";
import type { OrderStore } from "./store.ts";

/** The idempotency key was used for an order with another body. */
export class IdempotencyMismatchError extends Error {
	override readonly name = "IdempotencyMismatchError";
}

/** More orders wait to be stored than are allowed to. */
export class OverloadedError extends Error {
	override readonly name = "OverloadedError";
}

export interface IntakeOptions {
	readonly batch_orders_max: number;
	readonly interval_ms: number;
	readonly statements_in_flight_max: number;
	readonly waiting_orders_max: number;
	readonly publish_legacy: boolean;
}

/** The order that stands, and whether it was placed by an earlier request with the same key. */
export interface Placed {
	readonly order_id: string;
	readonly created_at: string;
	readonly replayed: boolean;
}

/** Stores orders in micro-batches: one statement for the orders and their events of many requests. */
export interface Intake extends Part {
	/**
	 * Resolves when the order is durable.
	 * @throws IdempotencyMismatchError, OverloadedError, DatabaseUnavailableError
	 */
	place(order: NewOrder, traceparent: string | undefined): Promise<Placed>;
}

interface Waiter {
	readonly order: NewOrder;
	readonly traceparent: string | undefined;
	readonly resolve: (placed: Placed) => void;
	readonly reject: (error: unknown) => void;
}

const TRIES_MAX = 3;
/** A client gives up on an answer; it is to hear a 503 before that. */
const SEND_AGAIN_MS_MAX = 2_000;

export function createIntake(
	options: IntakeOptions,
	needs: { store: OrderStore; relay: Relay; metrics: Metrics; log: Log },
): Intake {
	const { store, relay, metrics, log } = needs;
	const batcher = createBatcher<Waiter>({
		batch_max: options.batch_orders_max,
		interval_ms: options.interval_ms,
		batches_running_max: options.statements_in_flight_max,
		run: async (waiters) => {
			metrics.intake_batch_size.observe(waiters.length);
			await storeBatch(waiters).catch((error) => fail(waiters, error));
		},
	});

	/** A statement whose answer was lost is sent again: the ids in it make that harmless. */
	async function storeBatch(
		waiters: readonly Waiter[],
		attempt = 1,
		begun_ms = performance.now(),
	): Promise<void> {
		const orders = waiters.map(({ order }) => order);
		const proposed = waiters.map((it) =>
			createdEvents(it.order, options.publish_legacy, it.traceparent),
		);
		let taken: Waiter[];
		try {
			const { written, isNew } = await store.insert(orders, proposed);
			relay.accept(written);
			taken = waiters.filter((_, position) => !isNew(position));
			answer(waiters.filter((_, position) => isNew(position)));
		} catch (error) {
			if (error instanceof DatabaseUnavailableError) {
				const late = performance.now() - begun_ms > SEND_AGAIN_MS_MAX;
				if (late || attempt >= TRIES_MAX) throw error;
				return storeBatch(waiters, attempt + 1, begun_ms);
			}
			return halve(waiters, error);
		}
		if (taken.length > 0) await answerTaken(taken);
	}

	function answer(waiters: readonly Waiter[]) {
		metrics.orders_accepted.inc(waiters.length);
		for (const { order, resolve } of waiters) {
			resolve({ order_id: order.order_id, created_at: order.created_at, replayed: false });
		}
	}

	/** An order that breaks its batch is found and refused alone. */
	async function halve(waiters: readonly Waiter[], error: unknown) {
		if (waiters.length === 1) return fail(waiters, error);
		const middle = waiters.length >> 1;
		await storeBatch(waiters.slice(0, middle)).catch((cause) =>
			fail(waiters.slice(0, middle), cause),
		);
		await storeBatch(waiters.slice(middle)).catch((cause) => fail(waiters.slice(middle), cause));
	}

	async function answerTaken(waiters: readonly Waiter[]) {
		const found = await store.findTaken(waiters.map(({ order }) => order));
		const byId = new Map(found.map((order) => [order.order_id, order]));
		const byKey = new Map(
			found.map((order) => [`${order.tenant_id}/${order.idempotency_key}`, order]),
		);
		for (const { order, resolve, reject } of waiters) {
			const own = byId.get(order.order_id);
			const earlier = byKey.get(`${order.tenant_id}/${order.idempotency_key}`);
			if (own) resolve({ ...order, replayed: false });
			else if (earlier === undefined)
				reject(new DatabaseUnavailableError("the order is not to be found"));
			else if (earlier.body_hash !== order.body_hash) reject(new IdempotencyMismatchError());
			else {
				const { order_id, created_at } = earlier;
				resolve({ order_id, created_at: created_at.toISOString(), replayed: true });
			}
		}
	}

	function fail(waiters: readonly Waiter[], error: unknown) {
		log.warn({ err: error, orders: waiters.length }, "orders could not be stored");
		for (const { reject } of waiters) reject(error);
	}

	return {
		name: "intake",
		place(order, traceparent) {
			if (batcher.waiting >= options.waiting_orders_max)
				return Promise.reject(new OverloadedError());
			const { promise, resolve, reject } = Promise.withResolvers<Placed>();
			batcher.push({ order, traceparent, resolve, reject });
			return promise;
		},
		async start() {},
		stop: () => batcher.drain(),
	};
}
