import { afterAll, describe, expect, test } from "bun:test";
import { startApp } from "../support/app.ts";
import { orderBody, type ProblemView } from "../support/client.ts";
import { privateServers } from "../support/servers.ts";

const servers = await privateServers();
afterAll(servers.close);
const { sql } = servers;
const shop = await startApp(servers, { roles: ["order"] });

const BODY_BYTES_MAX = 65_536;
const body = orderBody();
const line = { sku: "SKU-1", quantity: 1, unit_price: 1_250 };
const [customer, sku] = [JSON.stringify(body.customer_id), JSON.stringify(line.sku)];

/** Counts what was ever written: outbox rows are freed, their ids are not used again. */
async function writtenRows(): Promise<number> {
	const [row] = await sql<[{ count: number }]>`
		select (select count(*) from millrace_order.orders)::int
			+ (select last_value from millrace_order.outbox_id_seq)::int as count`;
	return row.count;
}

/** Sends what has to be refused, and sees to it that nothing of it is kept. */
async function refused(status: number, send: () => Promise<Response>): Promise<ProblemView> {
	const before = await writtenRows();
	const response = await send();
	expect(response.status).toBe(status);
	expect(response.headers.get("content-type")).toBe("application/problem+json");
	const problem = (await response.json()) as ProblemView;
	expect(problem).toMatchObject({ type: "about:blank", status, title: expect.any(String) });
	expect(await writtenRows()).toBe(before);
	return problem;
}

const text = JSON.stringify(body);
const sent = (from: string, to: string) => () => {
	expect(text).toContain(from);
	return shop.post("/v1/orders", text.replace(from, to));
};
const changed = (change: object) => () =>
	shop.post("/v1/orders", JSON.stringify({ ...body, ...change }));
const lineOf = (change: object) => changed({ lines: [{ ...line, ...change }] });

describe("an order that is taken", () => {
	test("is answered with 202, where it is, and what can be done with it", async () => {
		const response = await shop.send({ lines: [line, { ...line, quantity: 3 }] });
		expect(response.status).toBe(202);
		const accepted = (await response.json()) as { order_id: string };
		const self = `/v1/orders/${accepted.order_id}`;
		expect(accepted).toEqual({
			order_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
			status: "pending",
			total_amount: 5_000,
			currency: "EUR",
			created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
			links: { self, events: `${self}/events`, cancel: `${self}/cancel` },
		} as never);
		expect(response.headers.get("location")).toBe(self);
		expect(response.headers.has("idempotent-replayed")).toBe(false);
	});

	test("is in Postgres when the answer comes", async () => {
		const { order_id } = await shop.placeOrder();
		const rows = await sql`select 1 from millrace_order.orders where order_id = ${order_id}`;
		expect(rows).toHaveLength(1);
	});

	test.each([
		["the most lines", { lines: Array.from({ length: 100 }, () => line) }],
		["nothing to pay", { lines: [{ ...line, unit_price: 0 }] }],
		["the longest ids", { customer_id: "a".repeat(64), lines: [{ ...line, sku: "b".repeat(64) }] }],
		["no card", { payment_token: undefined }],
		["a currency without cents", { currency: "JPY" }],
	])("may have %s", async (_, change) => {
		expect((await changed(change)()).status).toBe(202);
	});

	test("may say which charset its JSON is in", async () => {
		const headers = { "content-type": "Application/JSON; charset=utf-8" };
		expect((await shop.send({}, headers)).status).toBe(202);
	});
});

describe("a body that is not an order", () => {
	test.each([
		["nothing", ""],
		["half a document", text.slice(0, -2)],
		["two documents", text + text],
		["NaN", text.replace("1250", "NaN")],
		["Infinity", text.replace("1250", "Infinity")],
		["a number that is a string", text.replace("1250", '"1250"')],
		["null", "null"],
		["a list", `[${text}]`],
		["a comment", `/**/${text}`],
	])("%s", (_, sent) => refused(400, () => shop.post("/v1/orders", sent)));

	test.each([
		["an unknown field", changed({ note: "x" }), "/"],
		["a prototype", sent("{", '{"__proto__":{"admin":true},'), "/"],
		["a prototype in a line", sent(`{"sku"`, `{"__proto__":{"quantity":1},"sku"`), "/lines/0"],
		["no customer", changed({ customer_id: undefined }), "/customer_id"],
		["no lines", changed({ lines: undefined }), "/lines"],
		["zero lines", changed({ lines: [] }), "/lines"],
		["too many lines", changed({ lines: Array.from({ length: 101 }, () => line) }), "/lines"],
		["a currency in small letters", changed({ currency: "eur" }), "/currency"],
		["a currency there is not", changed({ currency: "XQZ" }), "/currency"],
		["a quantity of none", lineOf({ quantity: 0 }), "/lines/0/quantity"],
		["a quantity below none", lineOf({ quantity: -1 }), "/lines/0/quantity"],
		["half a piece", lineOf({ quantity: 0.5 }), "/lines/0/quantity"],
		["too many pieces", lineOf({ quantity: 1_000_001 }), "/lines/0/quantity"],
		["a fraction of a cent", lineOf({ unit_price: 12.5 }), "/lines/0/unit_price"],
		["a price below nothing", lineOf({ unit_price: -1 }), "/lines/0/unit_price"],
		["a price beyond 2^53", sent("1250", "9007199254740993"), "/lines/0/unit_price"],
		["a price of 1e400", sent("1250", "1e400"), "/lines/0/unit_price"],
		["an unknown field in a line", lineOf({ colour: "red" }), "/lines/0"],
		["a sum beyond 2^53", lineOf({ quantity: 1e6, unit_price: 1e12 }), "/lines"],
	])("%s", async (_, send, pointer) => {
		const problem = await refused(400, send);
		expect(problem.errors?.map((error) => error.pointer)).toContain(pointer);
	});
});

describe("an id that is not one", () => {
	const bad = [
		"",
		"a".repeat(65),
		"a.b",
		"*",
		">",
		"a/b",
		"a b",
		"a\r\nNats-Rollup: all",
		"$JS.API",
		"ä",
		"a\u0000",
		"\ud800",
		"../a",
		"a%2eb",
	];
	test.each(bad)("%j as a customer, a SKU or a card", async (id) => {
		await refused(400, changed({ customer_id: id }));
		await refused(400, lineOf({ sku: id }));
		await refused(400, changed({ payment_token: id }));
	});

	test.each(["7", "null", "[]", "{}", "true"])("%s instead of a string", async (value) => {
		await refused(400, sent(customer, value));
		await refused(400, sent(sku, value));
	});
});

describe("a request that is not read to its end", () => {
	test.each(["text/plain", "application/x-www-form-urlencoded", "application/jsonp"])(
		"415 for %s",
		(type) => refused(415, () => shop.send({}, { "content-type": type })),
	);

	test("415 without a type", () =>
		refused(415, () => fetch(`${shop.url}/v1/orders`, { method: "POST", body: text })));

	const padded = (bytes: number) => text + " ".repeat(bytes - text.length);
	const inPieces = (bytes: number) => {
		const whole = new TextEncoder().encode(padded(bytes));
		return new ReadableStream({
			start(controller) {
				for (let at = 0; at < bytes; at += 4_096)
					controller.enqueue(whole.subarray(at, at + 4_096));
				controller.close();
			},
		});
	};

	test("the largest body is read, with and without a stated length", async () => {
		expect((await shop.post("/v1/orders", padded(BODY_BYTES_MAX))).status).toBe(202);
		expect((await shop.post("/v1/orders", inPieces(BODY_BYTES_MAX))).status).toBe(202);
	});

	test("413 for one byte more, with a stated length", () =>
		refused(413, () => shop.post("/v1/orders", padded(BODY_BYTES_MAX + 1))));

	test("413 for one byte more, without a stated length", () =>
		refused(413, () => shop.post("/v1/orders", inPieces(BODY_BYTES_MAX + 1))));
});
