import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { verifyBooks } from "../../src/verify/verify.ts";
import { AT_REST, type Books, openBookRoom, writeLog } from "../support/verdict-books.ts";
import { events, goodBooks } from "../support/verdict-lies.ts";

const room = await openBookRoom();
afterAll(() => room.close());

let books: Books;
beforeEach(() => {
	books = goodBooks();
});

const WHILE_RUNNING = { settle_ms: 600_000 };

describe("while millrace runs", () => {
	/** An order that is confirmed, and the log does not have it yet. */
	const plantConfirmed = async (age_s: number) => {
		books.orders.push({ order_id: "z", status: "confirmed", amount: 0, currency: "EUR", age_s });
		books.reservations.push({ order_id: "z", status: "held", lines: [], age_s });
		await room.plant(books);
	};

	test("what was written just now is open", async () => {
		await plantConfirmed(1);
		const { findings, open } = await room.verify(WHILE_RUNNING);
		expect(findings).toEqual({});
		expect(open.findings).toBe(3);
	});

	test("what was written long ago is a finding", async () => {
		await plantConfirmed(3_000);
		const { findings, open } = await room.verify(WHILE_RUNNING);
		expect(findings.event_missing?.count).toBe(3);
		expect(open.findings).toBe(0);
	});

	test("what happened since events wait to be published is open, however long they wait", async () => {
		await plantConfirmed(3_000);
		await room.sql`
			insert into millrace_inventory.outbox (payload, lease_until, created_at)
			values ('', now(), now() - interval '3100 seconds')`;
		const waiting = await room.verify(WHILE_RUNNING);
		await room.sql`truncate millrace_inventory.outbox`;
		expect(waiting.findings).toEqual({});
		expect(waiting.open.findings).toBe(3);
		expect((await room.verify(WHILE_RUNNING)).findings.event_missing?.count).toBe(3);
	});

	test("an event that is recorded while the orders are read is not missing", async () => {
		const later = events("z", "orders.created.v2", "inventory.reserved.v1", "orders.confirmed.v1");
		books.log_size = books.log.length + later.length;
		await plantConfirmed(3_000);
		let recorded = false;
		const report = await room.verify({
			...WHILE_RUNNING,
			progress(step) {
				if (step !== "orders" || recorded) return;
				recorded = true;
				writeLog(room.log_folder, [...books.log, ...later]);
			},
		});
		expect(recorded).toBe(true);
		expect(report.findings).toEqual({});
		expect(report.open.findings).toBe(0);
	});

	test("a log that is ahead of its table for good is a finding", async () => {
		books.log_size = books.log.length - 1;
		await room.plant(books);
		expect((await room.verify(WHILE_RUNNING)).findings.log_size_off?.count).toBe(1);
	});

	test("it ends when it is told to", async () => {
		await room.plant(books);
		const signal = AbortSignal.abort(new Error("no more"));
		expect(room.verify({ signal })).rejects.toThrow("no more");
	});
});

describe("since a time", () => {
	const DAY_S = 86_400;
	const since_ms = Date.now() - (DAY_S / 2) * 1_000;

	test("what is older is left out, also where only traces of it are younger", async () => {
		books.orders.push({
			order_id: "old",
			status: "confirmed",
			amount: 5,
			currency: "EUR",
			age_s: DAY_S,
		});
		books.log.push(...events("old", "orders.cancelled.v1"));
		await room.plant(books);
		const { findings, counted, since } = await room.verify({ since_ms });
		expect(findings).toEqual({});
		expect(counted.orders).toBe(goodBooks().orders.length);
		expect(counted.skus).toBe(0);
		expect(since).toBe(new Date(since_ms).toISOString());
	});

	test("what is younger is judged", async () => {
		books.ledger = books.ledger.filter(({ order_id }) => order_id !== "sold");
		books.log.push(...events("nobody", "orders.created.v2"));
		await room.plant(books);
		const { findings } = await room.verify({ since_ms });
		expect(Object.keys(findings).sort()).toEqual([
			"confirmed_uncharged",
			"event_unfounded",
			"unmatched_local",
		]);
	});
});

test("without the gateway, our own word is taken for what it did", async () => {
	books.ledger = [];
	await room.plant(books);
	const { store, log_files } = room;
	const report = await verifyBooks({ store, gateway: undefined, log_files }, AT_REST);
	expect(report.findings).toEqual({});
	expect(report.with_gateway).toBe(false);
	expect(report.counted).toMatchObject({ charged_once: 3, refunds: 1, gateway_entries: 0 });
});

test("many orders come out as counted, over several pages", async () => {
	const ids = Array.from({ length: 4_500 }, (_, n) => `order-${n}`);
	const made: Books = { orders: [], reservations: [], stock: [], charges: [], ledger: [], log: [] };
	for (const order_id of ids) {
		made.orders.push({ order_id, status: "confirmed", amount: 0, currency: "EUR" });
		made.reservations.push({ order_id, status: "held", lines: [] });
		made.log.push(...events(order_id, "orders.created.v2", "inventory.reserved.v1"));
		made.log.push(...events(order_id, "orders.confirmed.v1"));
	}
	made.log.splice(7, 1);
	made.reservations.splice(4_400, 1);
	await room.plant(made);
	const { counted, findings } = await room.verify();
	expect(counted).toMatchObject({ orders: 4_500, confirmed: 4_500, events: 13_499 });
	expect(findings.event_missing?.examples).toMatchObject([{ order_id: "order-2" }]);
	expect(findings.confirmed_without_stock?.examples).toMatchObject([{ order_id: "order-4400" }]);
	expect(findings.event_unfounded?.count).toBe(1);
	expect(Object.keys(findings)).toHaveLength(3);
});
