import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type FindingKind, findingKinds } from "../../src/verify/findings.ts";
import type { Report } from "../../src/verify/report.ts";
import { type Books, openBookRoom } from "../support/verdict-books.ts";
import { events, type Found, goodBooks, lies } from "../support/verdict-lies.ts";

const room = await openBookRoom();
afterAll(() => room.close());

let books: Books;
beforeEach(() => {
	books = goodBooks();
});

const accepted = new Set(goodBooks().orders.map(({ order_id }) => order_id));

function counts({ findings }: Report): Found {
	return Object.fromEntries(Object.entries(findings).map(([kind, { count }]) => [kind, count]));
}

describe("where nothing is wrong", () => {
	test("nothing is found, and everything is counted", async () => {
		await room.plant(books);
		const report = await room.verify({ accepted });
		expect(report.findings).toEqual({});
		expect(report.counted).toEqual({
			orders: 7,
			pending: 1,
			confirmed: 2,
			cancelled: 4,
			charged_never: 4,
			charged_once: 3,
			charged_again: 0,
			refunds: 1,
			skus: 2,
			events: books.log.length,
			foreign_events: 0,
			gateway_entries: 4,
		});
		expect(report.open).toEqual({ charges: 1, refunds: 0, findings: 0 });
	});

	test("money of a cancelled order is not kept as long as it is being found out whether it was taken", async () => {
		const [, , refunded] = books.ledger;
		books.charges = books.charges.filter(({ order_id }) => order_id !== "refunded");
		books.charges.push(
			...goodBooks()
				.charges.filter(({ order_id, kind }) => order_id === "refunded" && kind === "charge")
				.map((charge) => ({ ...charge, state: "unknown", refunded: 0 }) as const),
		);
		books.ledger = books.ledger.filter(({ order_id }) => order_id !== "refunded");
		books.ledger.push(refunded as Books["ledger"][number]);
		books.log = books.log.filter(
			({ order_id, subject }) => order_id !== "refunded" || !subject.startsWith("payments."),
		);
		await room.plant(books);
		const report = await room.verify();
		expect(report.findings).toEqual({});
		expect(report.open.charges).toBe(2);
	});

	test("what outsiders publish, as often as they like, is no matter", async () => {
		const foreign = { ...events("sold", "orders.created.v1")[0], message_id: "theirs" };
		books.log.push(...([foreign, foreign] as Books["log"]));
		await room.plant(books);
		const report = await room.verify();
		expect(report.findings).toEqual({});
		expect(report.counted.foreign_events).toBe(2);
	});
});

describe("a planted lie is found", () => {
	for (const [kind, planted] of Object.entries(lies)) {
		for (const [what, { plant, found }] of Object.entries(planted)) {
			test(`${kind}: ${what}`, async () => {
				plant(books);
				await room.plant(books);
				const report = await room.verify({ accepted });
				expect(counts(report)).toEqual(found);
				expect(report.findings[kind as FindingKind]?.examples[0]?.detail).toBeString();
			});
		}
	}

	const optional = goodBooks().log.findIndex(({ subject }) => subject === "orders.created.v1");
	for (const [position, { subject, order_id }] of goodBooks().log.entries()) {
		if (position === optional) continue;
		test(`event_missing: ${subject} of ${order_id}`, async () => {
			books.log.splice(position, 1);
			await room.plant(books);
			expect(counts(await room.verify({ accepted }))).toEqual({ event_missing: 1 });
		});
	}

	test("log_unreadable: a bundle is cut short", async () => {
		await room.plant(books);
		const folder = join(room.log_folder, "tile/entries/000.p");
		writeFileSync(join(folder, readdirSync(folder)[0] ?? ""), new Uint8Array([9, 9, 9]));
		expect(counts(await room.verify()).log_unreadable).toBe(1);
	});

	test("for every kind of finding", () => {
		expect([...Object.keys(lies), "log_unreadable"].sort()).toEqual(
			Object.keys(findingKinds).sort(),
		);
	});
});
