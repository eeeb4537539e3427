import type { RouteConfig } from "@hono/zod-openapi";
import { z } from "zod";
import { identifier } from "../../contracts/identity.ts";
import { problemSchema } from "../../http/problem.ts";
import {
	acceptedSchema,
	batchLineSchema,
	batchResultSchema,
	idempotencyKey,
	listQuerySchema,
	type OrderLimits,
	orderSchema,
	pageSchema,
	placeOrderSchema,
} from "./http-schemas.ts";

const json = (schema: z.ZodType) => ({ "application/json": { schema } });
const problem = (description: string) => ({
	description,
	content: { "application/problem+json": { schema: problemSchema } },
});
const params = z.object({ order_id: identifier });

const refusals = {
	400: problem("The body or a parameter is not valid."),
	413: problem("The body is too large."),
	415: problem("The body is of another media type."),
	503: problem("Postgres is away or too much waits; `Retry-After` says when to come back."),
};

/** What the OpenAPI document says of the routes, with the schemas that the routes themselves check by. */
export function describeOrderRoutes(limits: OrderLimits) {
	const place = {
		method: "post",
		path: "/v1/orders",
		summary: "Place an order",
		request: {
			headers: z.object({ "idempotency-key": idempotencyKey.optional() }),
			body: { required: true, content: json(placeOrderSchema(limits)) },
		},
		responses: {
			202: { description: "The order is stored and will end.", content: json(acceptedSchema) },
			...refusals,
			422: problem("The idempotency key was used for an order with another body."),
		},
	} satisfies RouteConfig;
	const placeMany = {
		method: "post",
		path: "/v1/orders/batch",
		summary: "Place many orders, one JSON document a line",
		request: {
			body: {
				required: true,
				content: { "application/x-ndjson": { schema: batchLineSchema(limits) } },
			},
		},
		responses: {
			200: {
				description: "One result for each line, in their order.",
				content: { "application/x-ndjson": { schema: batchResultSchema } },
			},
			...refusals,
		},
	} satisfies RouteConfig;
	const list = {
		method: "get",
		path: "/v1/orders",
		summary: "List orders, the newest first",
		request: { query: listQuerySchema(limits) },
		responses: {
			200: { description: "A page of orders.", content: json(pageSchema) },
			400: refusals[400],
		},
	} satisfies RouteConfig;
	return { place, placeMany, list, look, cancel, follow };
}

const unknown = problem("There is no such order.");

const look = {
	method: "get",
	path: "/v1/orders/{order_id}",
	summary: "Look at an order",
	request: { params },
	responses: {
		200: { description: "The order as it stands.", content: json(orderSchema) },
		404: unknown,
	},
} satisfies RouteConfig;

const cancel = {
	method: "post",
	path: "/v1/orders/{order_id}/cancel",
	summary: "Cancel an order that is still pending",
	request: { params },
	responses: {
		200: { description: "The order is cancelled.", content: json(orderSchema) },
		404: unknown,
		409: problem("The order is confirmed."),
	},
} satisfies RouteConfig;

const follow = {
	method: "get",
	path: "/v1/orders/{order_id}/events",
	summary: "Follow an order until it ends",
	request: { params },
	responses: {
		200: {
			description: "Server-sent events named `status`, each with the order as it stands then.",
			content: { "text/event-stream": { schema: z.string() } },
		},
		404: unknown,
	},
} satisfies RouteConfig;
