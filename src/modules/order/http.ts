import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import { DEFAULT_TENANT, identifier } from "../../contracts/identity.ts";
import { parseJson, readText } from "../../http/body.ts";
import { HttpProblem, invalid } from "../../http/problem.ts";
import type { Route } from "../../http/route.ts";
import type { Tracing } from "../../telemetry/trace.ts";
import { cancelOrder } from "./cancel-order.ts";
import type { EndOrdersNeeds } from "./end-orders.ts";
import { takeBatch } from "./http-batch.ts";
import {
	idempotencyKey,
	listQuerySchema,
	type OrderAnswer,
	type OrderLimits,
	placeOrderSchema,
} from "./http-schemas.ts";
import { describeOrderRoutes } from "./http-specs.ts";
import { linksOf, takeOrder } from "./http-take.ts";
import type { Intake } from "./place-order.ts";
import type { StoredOrder } from "./store.ts";
import type { Watch } from "./watch-orders.ts";

export interface OrderRoutesOptions extends OrderLimits {
	readonly body_bytes_max: number;
	readonly batch_body_bytes_max: number;
	readonly heartbeat_ms: number;
}

export interface OrderRoutesNeeds extends EndOrdersNeeds {
	readonly intake: Intake;
	readonly watch: Watch;
	readonly tracing: Tracing;
}

/** The routes of the order module. */
export function orderRoutes(options: OrderRoutesOptions, needs: OrderRoutesNeeds): Route[] {
	const specs = describeOrderRoutes(options);
	return [
		{ spec: specs.place, handle: placeRoute(options, needs) },
		{ spec: specs.placeMany, handle: (c) => takeBatch(c, options, needs) },
		{ spec: specs.list, handle: listRoute(options, needs) },
		{ spec: specs.look, handle: async (c) => c.json(answerOf(await found(c, needs))) },
		{ spec: specs.cancel, handle: cancelRoute(needs) },
		{ spec: specs.follow, handle: eventsRoute(options, needs) },
	];
}

function placeRoute(options: OrderRoutesOptions, { intake, tracing, metrics }: OrderRoutesNeeds) {
	const schema = placeOrderSchema(options);
	return async (c: Context) => {
		const span = tracing.start("POST /v1/orders", "server", c.req.header("traceparent"));
		try {
			const key = keyOf(c);
			const text = await readText(c, "application/json", options.body_bytes_max);
			const body = schema.safeParse(parseJson(text));
			if (!body.success) throw invalid(body.error);
			const { accepted, replayed } = await takeOrder(intake, body.data, key, span?.traceparent);
			span?.set("order_id", accepted.order_id);
			return new Response(JSON.stringify(accepted), {
				status: 202,
				headers: {
					"content-type": "application/json",
					location: accepted.links.self,
					...(replayed ? { "idempotent-replayed": "true" } : {}),
				},
			});
		} catch (error) {
			span?.fail(error);
			metrics.orders_rejected.inc({ reason: error instanceof HttpProblem ? error.status : 503 });
			throw error;
		} finally {
			span?.end();
		}
	};
}

function keyOf(c: Context): string | undefined {
	const sent = c.req.header("idempotency-key");
	if (sent === undefined) return undefined;
	const key = idempotencyKey.safeParse(sent);
	if (key.success) return key.data;
	const detail = `Idempotency-Key ${key.error.issues[0]?.message}.`;
	throw new HttpProblem(400, "The request is not valid", { detail });
}

async function found(c: Context, { store }: OrderRoutesNeeds): Promise<StoredOrder> {
	const order = await store.find(DEFAULT_TENANT, orderIdOf(c));
	if (order === undefined) throw unknownOrder();
	return order;
}

function orderIdOf(c: Context): string {
	const order_id = identifier.safeParse(c.req.param("order_id"));
	if (!order_id.success) throw unknownOrder();
	return order_id.data;
}

function unknownOrder() {
	return new HttpProblem(404, "There is no such order");
}

function listRoute(options: OrderRoutesOptions, { store }: OrderRoutesNeeds) {
	const schema = listQuerySchema(options);
	return async (c: Context) => {
		const query = schema.safeParse(c.req.query());
		if (!query.success) throw invalid(query.error);
		const { customer_id, status, limit, cursor } = query.data;
		const page = {
			tenant_id: DEFAULT_TENANT,
			customer_id,
			status,
			after: cursor,
			limit: limit + 1,
		};
		const rows = await store.list(page);
		const orders = rows.slice(0, limit);
		const last = orders.at(-1);
		const more = rows.length > limit && last !== undefined;
		return c.json({
			orders: orders.map(answerOf),
			...(more ? { next_cursor: Buffer.from(last.order_id).toString("base64url") } : {}),
		});
	};
}

function cancelRoute(needs: OrderRoutesNeeds) {
	return async (c: Context) => {
		const span = needs.tracing.start(
			"POST /v1/orders/:order_id/cancel",
			"server",
			c.req.header("traceparent"),
		);
		try {
			const order = await cancelOrder(needs, DEFAULT_TENANT, orderIdOf(c), span?.traceparent);
			if (order === undefined) throw unknownOrder();
			if (order.status === "confirmed") {
				throw new HttpProblem(409, "The order is confirmed and can no longer be cancelled");
			}
			return c.json(answerOf(order));
		} finally {
			span?.end();
		}
	};
}

function eventsRoute(options: OrderRoutesOptions, needs: OrderRoutesNeeds) {
	return async (c: Context) => {
		const { order_id } = await found(c, needs);
		return streamSSE(c, async (stream) => {
			const ended = Promise.withResolvers<void>();
			let sending: Promise<void> = Promise.resolve();
			const leave = needs.watch.follow(order_id, (order) => {
				const data = JSON.stringify(answerOf(order));
				sending = sending.then(() => stream.writeSSE({ event: "status", data }));
				if (order.status !== "pending") ended.resolve();
			});
			const heartbeat = setInterval(() => void stream.write(": waiting\n\n"), options.heartbeat_ms);
			stream.onAbort(() => ended.resolve());
			await ended.promise;
			clearInterval(heartbeat);
			leave();
			await sending;
		});
	};
}

function answerOf(order: StoredOrder): OrderAnswer {
	const { order_id, customer_id, status, reason, currency, total_amount, lines } = order;
	return {
		order_id,
		customer_id,
		status,
		...(reason === null ? {} : { reason }),
		currency,
		total_amount,
		lines: [...lines],
		created_at: order.created_at.toISOString(),
		updated_at: order.updated_at.toISOString(),
		links: linksOf(order_id),
	};
}
