import { afterEach, expect, test } from "bun:test";
import { join } from "node:path";
import { parseAnswer } from "../../bench/answer.ts";
import { readJournal } from "../../bench/journal.ts";
import { type Load, newLoadState, sendLoad } from "../../bench/load.ts";
import { buildRequests, SCARCE, stockFor } from "../../bench/workload.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const folder = temporaryFolder("bench-load");
let server: Bun.Server<undefined> | undefined;

afterEach(async () => {
	await server?.stop(true);
});

type Answer = (request: Request, at: number) => Response | Promise<Response>;

/** Sends a load to a server that answers each request as told. */
async function load(answer: Answer, asked: Pick<Load, "orders" | "connections" | "rate">) {
	let at = 0;
	server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (it) => answer(it, at++) });
	const journal = join(folder, crypto.randomUUID());
	const state = newLoadState();
	const requests = buildRequests(server.url.host, asked.orders);
	await sendLoad({ url: server.url.origin, journal, ...asked }, requests, state);
	return { state, accepted: readJournal(journal) };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const accept = (at: number) => Response.json({ order_id: `order-${at}` }, { status: 202 });

test("every order is sent once, and what was accepted is in the journal", async () => {
	const bodies: { customer_id: string }[] = [];
	const { state, accepted } = await load(
		async (request, at) => {
			bodies.push((await request.json()) as { customer_id: string });
			return at % 10 === 3 ? new Response("full", { status: 503 }) : accept(at);
		},
		{ orders: 50, connections: 4 },
	);
	expect(new Set(bodies.map((body) => body.customer_id)).size).toBe(50);
	expect(state).toMatchObject({ sent: 50, accepted: 45, refused: 5, last_trouble: "status 503" });
	expect([...accepted.keys()].sort()).toEqual(
		Array.from({ length: 50 }, (_, at) => `order-${at}`)
			.filter((_, at) => at % 10 !== 3)
			.sort(),
	);
});

test("in an open loop orders are due at their rate, also while the server stalls", async () => {
	const stall_over_ms = performance.now() + 100;
	const { state, accepted } = await load(
		async (_, at) => {
			while (at < 2 && performance.now() < stall_over_ms) await turn();
			return accept(at);
		},
		{ orders: 40, connections: 2, rate: 1_000 },
	);
	const due = [...accepted.values()].sort((a, b) => a - b);
	for (const [at, due_ms] of due.entries()) expect(due_ms - (due[0] ?? 0)).toBeCloseTo(at, 1);
	expect(state.last_accepted_ms - (due.at(-1) ?? 0)).toBeGreaterThan(50);
});

test("an answer is read when it is whole, however it was cut", () => {
	const head =
		"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\ncontent-length: 18\r\n\r\n";
	const whole = `${head}{"order_id":"abc"}`;
	for (let end = 0; end < whole.length; end += 1) {
		expect(parseAnswer(whole.slice(0, end))).toBeUndefined();
	}
	expect(parseAnswer(whole)).toEqual({ status: 202, order_id: "abc" });
	expect(() => parseAnswer("HTTP/1.1 200 OK\r\n\r\n")).toThrow("without a content-length");
});

test("there is half as much of the scarce SKU as is asked for, and enough of the others", () => {
	const orders = 1_000;
	const asked = new Map<string, number>();
	for (const request of buildRequests("host", orders)) {
		const body = JSON.parse(Buffer.from(request).toString().split("\r\n\r\n")[1] ?? "");
		for (const { sku, quantity } of body.lines) asked.set(sku, (asked.get(sku) ?? 0) + quantity);
	}
	const stock = new Map(stockFor(orders).map(({ sku, quantity }) => [sku, quantity]));
	expect(asked.get(SCARCE)).toBe(10);
	expect(stock.get(SCARCE)).toBe(5);
	asked.delete(SCARCE);
	for (const [sku, quantity] of asked) expect(stock.get(sku)).toBeGreaterThanOrEqual(quantity);
});
