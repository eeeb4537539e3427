import { afterAll, describe, expect, test } from "bun:test";
import { inventoryRoutes } from "../../src/modules/inventory/http.ts";
import { orderRoutes } from "../../src/modules/order/http.ts";
import { startApp } from "../support/app.ts";
import { type OrderView, orderBody } from "../support/client.ts";
import { privateServers } from "../support/servers.ts";

const servers = await privateServers();
afterAll(servers.close);
const shop = await startApp(servers);
await shop.stockUp("SKU-1", 1_000);

interface PageView {
	readonly orders: readonly OrderView[];
	readonly next_cursor?: string;
}

async function page(query: string): Promise<PageView> {
	const response = await shop.get(`/v1/orders?${query}`);
	expect(response.status).toBe(200);
	return (await response.json()) as PageView;
}

async function allPages(query: string, from = ""): Promise<OrderView[]> {
	const { orders, next_cursor } = await page(`${query}${from && `&cursor=${from}`}`);
	if (next_cursor === undefined) return [...orders];
	return [...orders, ...(await allPages(query, next_cursor))];
}

describe("looking at an order", () => {
	test("shows it as it stands", async () => {
		const placed = await shop.placeOrder({ customer_id: "looker" });
		const found = await shop.ended(placed.order_id, "confirmed");
		expect(found).toMatchObject({
			customer_id: "looker",
			currency: "EUR",
			total_amount: 1_250,
			lines: [...orderBody().lines],
			created_at: placed.created_at,
			links: placed.links,
		});
		expect(found).not.toHaveProperty("reason");
	});

	test.each(["unknown", "a%20b", "a%00b", "%2a", `${"a".repeat(65)}`])("404 for %s", async (id) => {
		for (const path of [`/v1/orders/${id}`, `/v1/orders/${id}/events`]) {
			const response = await shop.get(path);
			expect(response.status).toBe(404);
			expect(response.headers.get("content-type")).toBe("application/problem+json");
		}
	});
});

describe("the list", () => {
	test("is paged through without a gap or a repetition while orders come in", async () => {
		const customer_id = "pager";
		const placed: string[] = [];
		for (let n = 0; n < 23; n += 1) placed.push((await shop.placeOrder({ customer_id })).order_id);
		const first = await page(`customer_id=${customer_id}&limit=5`);
		expect(first.orders.map(({ order_id }) => order_id)).toEqual(placed.slice(-5).reverse());
		await shop.placeOrder({ customer_id });
		const rest = await allPages(`customer_id=${customer_id}&limit=5`, first.next_cursor);
		const seen = [...first.orders, ...rest].map(({ order_id }) => order_id);
		expect(seen).toEqual(placed.toReversed());
	});

	test("ends without a cursor when the last page is full", async () => {
		for (let n = 0; n < 4; n += 1) await shop.placeOrder({ customer_id: "even" });
		const first = await page("customer_id=even&limit=2");
		const second = await page(`customer_id=even&limit=2&cursor=${first.next_cursor}`);
		expect(second.orders).toHaveLength(2);
		expect(second).not.toHaveProperty("next_cursor");
	});

	test("is filtered by status and customer", async () => {
		const kept = await shop.placeOrder({ customer_id: "filterer" });
		const missing = [{ sku: "NONE", quantity: 1, unit_price: 1 }];
		const lost = await shop.placeOrder({ customer_id: "filterer", lines: missing });
		await shop.ended(kept.order_id, "confirmed");
		await shop.ended(lost.order_id, "cancelled");
		const ids = async (query: string) => (await allPages(query)).map((it) => it.order_id);
		expect(await ids("customer_id=filterer&status=confirmed")).toEqual([kept.order_id]);
		expect(await ids("customer_id=filterer&status=cancelled")).toEqual([lost.order_id]);
		expect(await ids("customer_id=filterer&status=pending")).toEqual([]);
		expect(await ids("status=cancelled")).toContain(lost.order_id);
		expect(await ids("customer_id=nobody")).toEqual([]);
	});

	test.each([
		"limit=0",
		"limit=201",
		"limit=x",
		"status=open",
		"cursor=AAAA",
		"cursor=*",
		"sort=id",
	])("400 for %s", async (query) =>
		expect((await shop.get(`/v1/orders?${query}`)).status).toBe(400),
	);
});

test("events of an order are sent until it ends, then the stream does", async () => {
	const { order_id } = await shop.placeOrder();
	const response = await shop.get(`/v1/orders/${order_id}/events`);
	expect(response.headers.get("content-type")).toContain("text/event-stream");
	const blocks = (await response.text()).split("\n\n").filter((block) => block.includes("data: "));
	const orders = blocks.map((block) => {
		expect(block).toContain("event: status");
		return JSON.parse(block.replace(/^[\s\S]*data: /, "")) as OrderView;
	});
	expect(orders.at(-1)).toMatchObject({ order_id, status: "confirmed" });
	expect(new Set(orders.map(({ status }) => status)).size).toBe(orders.length);
});

describe("a batch", () => {
	const send = (lines: readonly string[], headers: Record<string, string> = {}) =>
		shop.post("/v1/orders/batch", lines.join("\n"), {
			"content-type": "application/x-ndjson",
			...headers,
		});
	const order = (change: object = {}) => JSON.stringify({ ...orderBody(), ...change });

	test("is answered line by line, each for itself", async () => {
		const first = order({ idempotency_key: "batch-1", customer_id: "batcher" });
		const response = await send([
			first,
			"",
			"{",
			order({ currency: "eur" }),
			first,
			order({ idempotency_key: "batch-1", customer_id: "other" }),
			order({ customer_id: "a".repeat(65_536) }),
			`${order({ customer_id: "batcher" })}\r`,
			"",
		]);
		expect(response.status).toBe(200);
		const results = (await response.text())
			.trimEnd()
			.split("\n")
			.map((line) => JSON.parse(line) as { line: number; code: number; order_id?: string });
		expect(results.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
		expect(results.map(({ code }) => code)).toEqual([202, 400, 400, 400, 202, 422, 413, 202]);
		expect(results[4]).toMatchObject({ order_id: results[0]?.order_id, replayed: true } as object);
		const stored = await allPages("customer_id=batcher");
		expect(stored.map(({ order_id }) => order_id).sort()).toEqual(
			[results[0]?.order_id, results[7]?.order_id].map(String).sort(),
		);
	});

	test("of another type, or with one key for all lines, is refused", async () => {
		expect((await send([order()], { "content-type": "application/json" })).status).toBe(415);
		expect((await send([order()], { "idempotency-key": "k" })).status).toBe(400);
	});
});

test("openapi.json describes every route there is, and no other", async () => {
	const document = (await (await shop.get("/openapi.json")).json()) as {
		openapi: string;
		paths: Record<string, Record<string, { responses: object }>>;
	};
	expect(document.openapi).toBe("3.1.0");
	const described = Object.entries(document.paths).flatMap(([path, methods]) =>
		Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
	);
	const routes = [
		...orderRoutes({ ...shop.config.http, heartbeat_ms: 1_000 }, {} as never),
		...inventoryRoutes(shop.config.http, {} as never),
	];
	const mounted = routes.map(({ spec }) => `${spec.method.toUpperCase()} ${spec.path}`);
	expect(mounted.length).toBeGreaterThan(5);
	expect(described.sort()).toEqual(mounted.sort());
});
