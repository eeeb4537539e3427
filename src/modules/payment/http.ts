import type { RouteConfig } from "@hono/zod-openapi";
import type { Context } from "hono";
import { z } from "zod";
import { identifier } from "../../contracts/identity.ts";
import { parseJson, readText } from "../../http/body.ts";
import { HttpProblem, invalid } from "../../http/problem.ts";
import type { Route } from "../../http/route.ts";
import type { ChargeStore, StoredCharge } from "./charge-store.ts";
import { chargePage, chargeView, decision, json, problem, refundRequest } from "./http-schemas.ts";
import type { RequestRefund } from "./request-refund.ts";
import type { Decide } from "./settle-charge.ts";
import type { ChargeKey } from "./store.ts";

export interface OperatorNeeds {
	readonly charges: ChargeStore;
	readonly requestRefund: RequestRefund;
	readonly decide: Decide;
}

export interface OperatorOptions {
	readonly body_bytes_max: number;
	readonly page_size_max: number;
}

/** What operators see of the money, and do about it. */
export function operatorRoutes(options: OperatorOptions, needs: OperatorNeeds): Route[] {
	async function bodyOf<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
		const text = await readText(c, "application/json", options.body_bytes_max);
		const body = schema.safeParse(parseJson(text));
		if (!body.success) throw invalid(body.error);
		return body.data;
	}

	async function listOfOrder(c: Context) {
		const found = await needs.charges.ofOrder(orderId(c));
		if (found.length === 0) throw new HttpProblem(404, "Nothing was charged for such an order");
		return c.json({ charges: found.map(toView) });
	}

	async function listParked(c: Context) {
		const query = parkedQuery(options.page_size_max).safeParse(c.req.query());
		if (!query.success) throw invalid(query.error);
		const { limit, cursor } = query.data;
		const found = await needs.charges.parked(readCursor(cursor), limit);
		const last = found.length === limit ? found.at(-1) : undefined;
		return c.json({
			charges: found.map(toView),
			...(last && { next_cursor: `${last.order_id}.${last.kind}.${last.request_id}` }),
		});
	}

	async function refund(c: Context) {
		const { refund_id, amount } = await bodyOf(c, refundRequest);
		const { outcome, charge } = await needs.requestRefund(orderId(c), refund_id, amount);
		switch (outcome) {
			case "accepted":
				return c.json(toView(charge), 202);
			case "known":
				return c.json(toView(charge), 200);
			case "other_amount":
				throw new HttpProblem(422, "This refund_id was used for another amount", {
					detail: `It stands for ${charge.amount}.`,
				});
			case "not_charged":
				throw new HttpProblem(409, "There is no money of this order to give back");
			case "too_much":
				throw new HttpProblem(409, "That is more than is left of the charge", {
					detail: `Of ${charge.amount}, ${charge.refunded} are refunded already.`,
				});
		}
	}

	async function decideOn(c: Context) {
		const it = await bodyOf(c, decision);
		const found = await needs.decide(orderId(c), c.req.param("charge_id") ?? "", it);
		if (found === undefined) throw new HttpProblem(404, "There is no such charge or refund");
		if (found === "not_parked")
			throw new HttpProblem(409, "It does not wait for a decision", {
				detail: "Only a charge or refund in state `manual` does.",
			});
		return c.json(toView(found));
	}

	return [
		{ spec: parkedSpec(options.page_size_max), handle: listParked },
		{ spec: ofOrderSpec, handle: listOfOrder },
		{ spec: refundSpec, handle: refund },
		{ spec: decisionSpec, handle: decideOn },
	];
}

function orderId(c: Context): string {
	const id = identifier.safeParse(c.req.param("order_id"));
	if (!id.success) throw new HttpProblem(404, "There is no such order");
	return id.data;
}

const parkedQuery = (page_size_max: number) =>
	z.object({
		limit: z.coerce.number().int().min(1).max(page_size_max).default(Math.min(50, page_size_max)),
		cursor: z
			.string()
			.regex(/^[A-Za-z0-9_-]{1,64}\.(charge|refund)\.[A-Za-z0-9_-]{0,64}$/)
			.optional(),
	});

function readCursor(cursor: string | undefined): ChargeKey {
	const [order_id = "", kind, request_id = ""] = cursor?.split(".") ?? [];
	return { order_id, kind: kind === "refund" ? "refund" : "charge", request_id };
}

function toView(it: StoredCharge): z.input<typeof chargeView> {
	return {
		charge_id: it.charge_id,
		kind: it.kind,
		order_id: it.order_id,
		...(it.request_id !== "" && { refund_id: it.request_id }),
		state: it.state,
		amount: it.amount,
		refunded: it.refunded,
		currency: it.currency,
		attempts: it.attempts,
		...(it.gateway_reference !== null && { gateway_reference: it.gateway_reference }),
		...(it.decline_code !== null && { decline_code: it.decline_code }),
		...(it.last_error !== null && { last_error: it.last_error }),
		created_at: it.created_at.toISOString(),
		updated_at: it.updated_at.toISOString(),
	};
}

const orderParams = z.object({ order_id: identifier });

const parkedSpec = (page_size_max: number) =>
	({
		method: "get",
		path: "/v1/charges/parked",
		summary: "List charges and refunds that wait for a person",
		request: { query: parkedQuery(page_size_max) },
		responses: {
			200: json("A page of them, in the order of their orders' ids.", chargePage),
			400: problem("The query is not valid."),
		},
	}) satisfies RouteConfig;

const ofOrderSpec = {
	method: "get",
	path: "/v1/orders/{order_id}/charges",
	summary: "Look at the charge of an order and its refunds",
	request: { params: orderParams },
	responses: {
		200: json("The charge, then its refunds.", chargePage),
		404: problem("Nothing was charged for such an order."),
	},
} satisfies RouteConfig;

const refundSpec = {
	method: "post",
	path: "/v1/orders/{order_id}/refunds",
	summary: "Give back some or all of what was charged",
	request: {
		params: orderParams,
		body: { required: true, content: { "application/json": { schema: refundRequest } } },
	},
	responses: {
		202: json("The refund is made as soon as the gateway answers.", chargeView),
		200: json("The refund was asked for before.", chargeView),
		400: problem("The body is not valid."),
		409: problem("There is no such money to give back."),
		422: problem("The `refund_id` was used for another amount."),
	},
} satisfies RouteConfig;

const decisionSpec = {
	method: "post",
	path: "/v1/orders/{order_id}/charges/{charge_id}/decision",
	summary: "Say what became of a charge or refund that waits for a person",
	request: {
		params: orderParams.extend({ charge_id: z.uuid() }),
		body: { required: true, content: { "application/json": { schema: decision } } },
	},
	responses: {
		200: json("The charge or refund as it stands now.", chargeView),
		400: problem("The body is not valid."),
		404: problem("There is no such charge or refund."),
		409: problem("It does not wait for a decision."),
	},
} satisfies RouteConfig;
