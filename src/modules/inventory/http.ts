import type { RouteConfig } from "@hono/zod-openapi";
import type { Context } from "hono";
import { z } from "zod";
import { identifier } from "../../contracts/identity.ts";
import { stockLine } from "../../contracts/inventory-events.ts";
import { parseJson, readText } from "../../http/body.ts";
import { HttpProblem, invalid, problemSchema } from "../../http/problem.ts";
import type { Route } from "../../http/route.ts";
import { addUp } from "./inventory.ts";
import type { InventoryStore } from "./store.ts";

export interface InventoryRoutesOptions {
	readonly body_bytes_max: number;
}

/** A thousand such lines, and thousands of such receipts, still add up exactly. */
const PIECES_MAX = 1_000_000_000;
const receivedLine = stockLine.extend({ quantity: z.int().min(1).max(PIECES_MAX) });

const level = z
	.object({ sku: identifier, received: z.int(), available: z.int() })
	.meta({ id: "StockLevel" });
const problem = (description: string) => ({
	description,
	content: { "application/problem+json": { schema: problemSchema } },
});

/** Goods in, and a look at what there is. */
export function inventoryRoutes(options: InventoryRoutesOptions, store: InventoryStore): Route[] {
	const receipt = z
		.strictObject({
			receipt_id: identifier.meta({ description: "Chosen by the sender; a receipt counts once." }),
			lines: z.array(receivedLine).min(1).max(1_000),
		})
		.meta({ id: "Receipt" });

	async function receive(c: Context) {
		const text = await readText(c, "application/json", options.body_bytes_max);
		const body = receipt.safeParse(parseJson(text));
		if (!body.success) throw invalid(body.error);
		const { receipt_id, lines } = body.data;
		const counted = await store.receive(receipt_id, addUp(lines));
		return c.json({ receipt_id, counted }, counted ? 201 : 200);
	}

	async function look(c: Context) {
		const sku = identifier.safeParse(c.req.param("sku"));
		const [found] = sku.success ? await store.levels([sku.data]) : [];
		if (found === undefined) throw new HttpProblem(404, "There is no such SKU");
		return c.json(found);
	}

	return [
		{ spec: receiveSpec(receipt), handle: receive },
		{ spec: lookSpec, handle: look },
	];
}

function receiveSpec(receipt: z.ZodType) {
	return {
		method: "post",
		path: "/v1/stock/receipts",
		summary: "Report goods that came in",
		request: { body: { required: true, content: { "application/json": { schema: receipt } } } },
		responses: {
			201: { description: "The goods are available." },
			200: { description: "The receipt was counted before." },
			400: problem("The body is not valid."),
		},
	} satisfies RouteConfig;
}

const lookSpec = {
	method: "get",
	path: "/v1/stock/{sku}",
	summary: "Look at the stock of a SKU",
	request: { params: z.object({ sku: identifier }) },
	responses: {
		200: {
			description: "Pieces received and available.",
			content: { "application/json": { schema: level } },
		},
		404: problem("There is no such SKU."),
	},
} satisfies RouteConfig;
