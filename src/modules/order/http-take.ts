import { DEFAULT_TENANT } from "../../contracts/identity.ts";
import { HttpProblem } from "../../http/problem.ts";
import type { PlaceOrderBody } from "./http-schemas.ts";
import { type NewOrder, totalAmount } from "./order.ts";
import { IdempotencyMismatchError, type Intake, OverloadedError } from "./place-order.ts";

/** What a client is told of an order that was taken. */
export interface Accepted {
	readonly order_id: string;
	readonly status: "pending";
	readonly total_amount: number;
	readonly currency: string;
	readonly created_at: string;
	readonly links: { readonly self: string; readonly events: string; readonly cancel: string };
}

export function linksOf(order_id: string): Accepted["links"] {
	const self = `/v1/orders/${order_id}`;
	return { self, events: `${self}/events`, cancel: `${self}/cancel` };
}

/**
 * Takes one order from a checked body.
 * @throws HttpProblem 400 beyond the countable, 422 for a key that stood for another body, 503 when too many wait.
 */
export async function takeOrder(
	intake: Intake,
	body: PlaceOrderBody,
	idempotency_key: string | undefined,
	traceparent: string | undefined,
): Promise<{ accepted: Accepted; replayed: boolean }> {
	const order = newOrder(body, idempotency_key);
	const { order_id, created_at, replayed } = await intake.place(order, traceparent).catch(refuse);
	const { total_amount, currency } = order;
	const links = linksOf(order_id);
	return {
		accepted: { order_id, status: "pending", total_amount, currency, created_at, links },
		replayed,
	};
}

function newOrder(body: PlaceOrderBody, idempotency_key: string | undefined): NewOrder {
	const total_amount = totalAmount(body.lines);
	if (total_amount === undefined) {
		throw new HttpProblem(400, "The request is not valid", {
			errors: [{ pointer: "/lines", detail: "add up to more than 2^53 - 1 minor units" }],
		});
	}
	return {
		order_id: Bun.randomUUIDv7(),
		tenant_id: DEFAULT_TENANT,
		customer_id: body.customer_id,
		currency: body.currency,
		total_amount,
		lines: body.lines,
		payment_token: body.payment_token,
		idempotency_key,
		body_hash: idempotency_key === undefined ? undefined : hashOf(body),
		created_at: new Date().toISOString(),
	};
}

/** Of the checked body, so that spaces and the order of fields do not matter. */
function hashOf(body: PlaceOrderBody): string {
	const { customer_id, currency, payment_token } = body;
	const lines = body.lines.map(({ sku, quantity, unit_price }) => [sku, quantity, unit_price]);
	const text = JSON.stringify([customer_id, currency, payment_token ?? null, lines]);
	return new Bun.CryptoHasher("sha256").update(text).digest("base64url");
}

function refuse(error: unknown): never {
	if (error instanceof IdempotencyMismatchError) {
		throw new HttpProblem(422, "The idempotency key was used for another order", { cause: error });
	}
	if (error instanceof OverloadedError) {
		throw new HttpProblem(503, "Too many orders wait to be stored", {
			retry_after_s: 1,
			cause: error,
		});
	}
	throw error;
}
