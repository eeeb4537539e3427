import { expect } from "bun:test";
import { eventually } from "./wait.ts";

export interface OrderBody {
	readonly customer_id: string;
	readonly currency: string;
	readonly lines: readonly { sku: string; quantity: number; unit_price: number }[];
	readonly payment_token?: string;
}

/** An order as the routes answer it. */
export interface OrderView {
	readonly order_id: string;
	readonly customer_id: string;
	readonly status: "pending" | "confirmed" | "cancelled";
	readonly reason?: string;
	readonly total_amount: number;
	readonly created_at: string;
	readonly links: { readonly self: string; readonly events: string; readonly cancel: string };
}

export interface ProblemView {
	readonly title: string;
	readonly status: number;
	readonly detail?: string;
	readonly errors?: readonly { pointer: string; detail: string }[];
}

/** A valid body; `change` goes above it. */
export function orderBody(change: Partial<OrderBody> = {}): OrderBody {
	return {
		customer_id: "customer-1",
		currency: "EUR",
		lines: [{ sku: "SKU-1", quantity: 1, unit_price: 1_250 }],
		payment_token: "tok_visa",
		...change,
	};
}

export type Client = ReturnType<typeof createClient>;

/** What a test asks of the routes at `url`, of an app in this process or of one that was spawned. */
export function createClient(url: string) {
	const json = { "content-type": "application/json" };
	const post = (
		path: string,
		body: string | ReadableStream,
		headers: Record<string, string> = {},
	) => fetch(url + path, { method: "POST", body, headers: { ...json, ...headers } });
	const get = (path: string) => fetch(url + path);

	async function order(order_id: string): Promise<OrderView> {
		const response = await get(`/v1/orders/${order_id}`);
		expect(response.status).toBe(200);
		return (await response.json()) as OrderView;
	}

	return {
		url,
		post,
		get,
		/** Sends an order, whatever comes of it. */
		send: (change: Partial<OrderBody> = {}, headers: Record<string, string> = {}) =>
			post("/v1/orders", JSON.stringify(orderBody(change)), headers),
		/** Places an order that has to be taken. */
		async placeOrder(change: Partial<OrderBody> = {}, headers: Record<string, string> = {}) {
			const response = await post("/v1/orders", JSON.stringify(orderBody(change)), headers);
			expect(response.status).toBe(202);
			return (await response.json()) as OrderView;
		},
		/** Reports goods that came in. */
		async stockUp(sku: string, quantity: number) {
			const receipt_id = crypto.randomUUID();
			const body = JSON.stringify({ receipt_id, lines: [{ sku, quantity }] });
			expect((await post("/v1/stock/receipts", body)).status).toBe(201);
		},
		async available(sku: string): Promise<number> {
			const level = (await (await get(`/v1/stock/${sku}`)).json()) as { available: number };
			return level.available;
		},
		order,
		cancel: (order_id: string) => post(`/v1/orders/${order_id}/cancel`, ""),
		/** Waits for an order to end, and checks how. */
		ended: (order_id: string, status: "confirmed" | "cancelled", timeout_ms = 10_000) =>
			eventually(
				async () => {
					const found = await order(order_id);
					expect(found.status).toBe(status);
					return found;
				},
				{ timeout_ms },
			),
	};
}
