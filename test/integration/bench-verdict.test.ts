import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { openBenchDatabase } from "../../bench/database.ts";
import { judge } from "../../bench/judge.ts";
import type { Verdict } from "../../bench/verdict.ts";
import { type Books, openBookRoom } from "../support/verdict-books.ts";
import { goodBooks, type Lie, lies } from "../support/verdict-lies.ts";

const WELL: Verdict = { lost: 0, charged_twice: 0, oversold: 0, audit_missing: 0 };

const room = await openBookRoom();
const database = openBenchDatabase(room.database_url);

afterAll(async () => {
	await database.close();
	await room.close();
});

let books: Books;
beforeEach(() => {
	books = goodBooks();
});

const ENDED = ["sold", "adopted", "refunded", "declined", "empty", "early"];

async function verdict(accepted: readonly string[] = ENDED, ends = true): Promise<Verdict> {
	await room.plant(books);
	const rows = await database.orders();
	return await judge({ ...room, gateway_url: undefined, rows, ends, accepted });
}

test("all is well when the stores agree", async () => {
	expect(await verdict()).toEqual(WELL);
});

describe("lost counts an accepted order that", () => {
	test("is not in Postgres", async () => {
		expect(await verdict(["sold", "adopted", "gone"])).toEqual({ ...WELL, lost: 1 });
	});

	test("has not ended", async () => {
		expect(await verdict(["sold", "young"])).toEqual({ ...WELL, lost: 1 });
	});
});

describe("a planted lie counts where it belongs:", () => {
	const planted: readonly (readonly [string, Lie | undefined, Partial<Verdict>])[] = [
		["paid for nothing", lies.charged_twice["under another key"], { charged_twice: 2 }],
		["another amount", lies.amount_mismatch["the gateway took more"], { charged_twice: 1 }],
		["refund not made", lies.unmatched_local["a refund"], { charged_twice: 2 }],
		[
			"not paid",
			lies.confirmed_uncharged["nothing was charged"],
			{ charged_twice: 1, audit_missing: 1 },
		],
		["no such goods", lies.stock_mismatch["held and never came in"], { oversold: 1 }],
		["goods kept", lies.stock_kept["a declined order still holds"], { oversold: 1 }],
		["goods of nobody", lies.stock_without_order["nobody's goods"], { oversold: 1 }],
		["event missing", lies.event_missing["of an order"], { audit_missing: 1 }],
		["event twice", lies.event_twice["of an order"], { audit_missing: 1 }],
		["event unfounded", lies.event_unfounded["it ended otherwise"], { audit_missing: 1 }],
		["log ahead", lies.log_size_off["the table lags behind"], { audit_missing: 1 }],
	];
	test.each(planted)("%s", async (_, lie, found) => {
		lie?.plant(books);
		expect(await verdict()).toEqual({ ...WELL, ...found });
	});
});

test("without the roles that end orders, only orders that are gone are counted", async () => {
	books.orders = books.orders.map((order) => ({ ...order, status: "pending" }));
	expect(await verdict(["sold", "gone"], false)).toEqual({
		lost: 1,
		charged_twice: null,
		oversold: null,
		audit_missing: null,
	});
});
