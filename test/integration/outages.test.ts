import { afterAll, describe, expect, test } from "bun:test";
import { openBroker } from "../../src/messaging/connection.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { startApp } from "../support/app.ts";
import type { OrderView } from "../support/client.ts";
import { openProxy } from "../support/proxy.ts";
import { privateServers } from "../support/servers.ts";
import { openStreams } from "../support/streams.ts";
import { eventually } from "../support/wait.ts";

/** Less than the driver's own pause between two attempts to connect, which grows to 20 s. */
const RETURN_MS_MAX = 8_000;
const ANSWER_MS_MAX = 10_000;

const servers = await privateServers();
afterAll(servers.close);
const { sql } = servers;
const proxy = await openProxy(servers.database_url);
servers.atEnd(() => proxy.close());
const shop = await startApp(servers, { database_url: proxy.url });
await shop.stockUp("SKU-1", 1_000);

const ordersOf = (customer_id: string) =>
	sql<{ order_id: string }[]>`
		select order_id from millrace_order.orders where customer_id = ${customer_id}`;

describe("Postgres away", () => {
	test("503 with the time to come back, and nothing is taken", async () => {
		await proxy.cut();
		const response = await shop.send({ customer_id: "away" });
		expect(response.status).toBe(503);
		expect(response.headers.get("content-type")).toBe("application/problem+json");
		expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
		await proxy.mend();
		expect(await ordersOf("away")).toHaveLength(0);
	});

	test("the readiness probe says so, and intake goes on when it is back", async () => {
		await proxy.cut();
		await eventually(async () =>
			expect((await fetch(`${shop.app.ops_url}/readyz`)).status).toBe(503),
		);
		expect((await fetch(`${shop.app.ops_url}/livez`)).status).toBe(200);
		await proxy.mend();
		const { order_id } = await eventually(() => shop.placeOrder({ customer_id: "back" }));
		await shop.ended(order_id, "confirmed");
		expect(await ordersOf("back")).toHaveLength(1);
	}, 15_000);

	test("a long outage delays neither the refusal nor the return", async () => {
		await proxy.cut();
		for (let n = 0; n < 4; n += 1) {
			const asked_ms = performance.now();
			expect((await shop.send({ customer_id: "long" })).status).toBe(503);
			expect(performance.now() - asked_ms).toBeLessThan(ANSWER_MS_MAX);
		}
		await proxy.mend();
		await eventually(() => shop.placeOrder({ customer_id: "returned" }), {
			timeout_ms: RETURN_MS_MAX,
		});
		expect(await ordersOf("long")).toHaveLength(0);
	}, 30_000);

	test("orders in hand when it goes are taken once or refused, never both", async () => {
		const sending = Array.from({ length: 200 }, () => shop.send({ customer_id: "torn" }));
		await proxy.cut();
		const answers = await Promise.all(sending);
		await proxy.mend();
		const taken = answers.filter(({ status }) => status === 202);
		expect(answers.filter(({ status }) => status === 503)).toHaveLength(200 - taken.length);
		const ids = await Promise.all(
			taken.map(async (answer) => ((await answer.json()) as OrderView).order_id),
		);
		const stored = new Set((await ordersOf("torn")).map(({ order_id }) => order_id));
		expect(ids.filter((id) => !stored.has(id))).toEqual([]);
	}, 15_000);

	test("a commit whose answer is lost is found again: 202 for that order, and only it", async () => {
		await eventually(() => shop.placeOrder());
		let attempt = 0;
		// A machine that is busy enough gets no second answer in time and refuses; it may try again.
		const { customer_id, order_id } = await eventually(async () => {
			attempt += 1;
			const customer_id = `ambiguous-${attempt}`;
			proxy.loseAnswersTo(customer_id, 1);
			const response = await shop.send({ customer_id });
			expect(response.status).toBe(202);
			return { customer_id, order_id: ((await response.json()) as OrderView).order_id };
		});
		expect(await ordersOf(customer_id)).toEqual([{ order_id }] as never);
		await shop.ended(order_id, "confirmed");
	}, 15_000);

	test("a commit whose answer is lost for good: 503, and the key finds the order later", async () => {
		await eventually(() => shop.placeOrder());
		const key = { "idempotency-key": "never-answered" };
		proxy.loseAnswersTo("never-answered", 100);
		const response = await shop.send({ customer_id: "unheard" }, key);
		expect(response.status).toBe(503);
		expect(await ordersOf("unheard")).toHaveLength(1);
		proxy.loseAnswersTo("never-answered", 0);
		const { order_id } = await eventually(() => shop.placeOrder({ customer_id: "unheard" }, key));
		expect(await ordersOf("unheard")).toEqual([{ order_id }] as never);
		await shop.ended(order_id, "confirmed");
	}, 15_000);
});

describe("NATS away", () => {
	test("orders are taken, and end when it is back", async () => {
		await eventually(() => shop.placeOrder());
		await servers.nats.stop();
		await eventually(() => expect(shop.app.broker.connected()).toBe(false));
		const placed = await Promise.all(
			Array.from({ length: 20 }, () => shop.placeOrder({ customer_id: "broker-away" })),
		);
		for (const { order_id } of placed)
			expect(await shop.order(order_id)).toMatchObject({ status: "pending" });
		await servers.nats.restart();
		for (const { order_id } of placed) await shop.ended(order_id, "confirmed", 20_000);
		const streams = await openStreams(servers);
		const created = await streams.messages("ORDERS", "orders.created.v2");
		const ids = created.map((event) => event.json().order_id);
		for (const { order_id } of placed) expect(ids.filter((id) => id === order_id)).toHaveLength(1);
	}, 30_000);

	test("from the start on: the program starts and takes orders", async () => {
		await servers.nats.stop();
		const started = performance.now();
		const early = await startApp(servers, { roles: ["order"] });
		expect(performance.now() - started).toBeLessThan(ANSWER_MS_MAX);
		const { order_id } = await early.placeOrder({ customer_id: "early" });
		await servers.nats.restart();
		await eventually(() => expect(early.app.broker.connected()).toBe(true));
		await shop.ended(order_id, "confirmed", 20_000);
	}, 30_000);

	test("a server that stands still holds up neither a flush nor the stop", async () => {
		const log = createLog({ level: "error", pretty: false, destination: { write() {} } });
		const url = servers.nats.url;
		const hour_ms = 3_600_000;
		const broker = openBroker(
			{ url, ping_interval_ms: hour_ms, request_timeout_ms: hour_ms, prepare: async () => {} },
			log,
		);
		await broker.start();
		await broker.ready;
		process.kill(servers.nats.pid, "SIGSTOP");
		try {
			await broker.flush();
			expect(broker.connected()).toBe(true);
			await broker.stop();
		} finally {
			process.kill(servers.nats.pid, "SIGCONT");
		}
	});
});
