import { describe, expect, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { encodeEntry } from "../../src/contracts/audit-log.ts";
import { createEvent, type OutgoingEvent } from "../../src/contracts/events.ts";
import { openDirectory } from "../../src/object-store/directory-store.ts";
import { ReplayError } from "../../src/replay/read-events.ts";
import { replayLog } from "../../src/replay/replay-log.ts";
import { generateKey } from "../../src/transparency/keys.ts";
import { entryOf, eventsOf, writeLog } from "../support/signed-log.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const GOLDEN = join(import.meta.dir, "fixtures/replayed-log");
const signer = generateKey("example.com/orders");

async function replay(folder: string) {
	const rows: object[] = [];
	const reader = openDirectory(folder);
	const options = {
		settle_ms: 0,
		onRow: (order_id: string, row: Row) => void rows.push(toPlain(order_id, row)),
	};
	return { rows, report: await replayLog({ reader, live: undefined }, options) };
}

type Row = Parameters<NonNullable<Parameters<typeof replayLog>[1]["onRow"]>>[1];

function toPlain(order_id: string, { table, refund_id, fields }: Row) {
	const values = fields.map(({ name, value }) => [name, value]);
	const named = refund_id === undefined ? { table, order_id } : { table, order_id, refund_id };
	return { ...named, ...Object.fromEntries(values) };
}

async function logOf(events: readonly OutgoingEvent[], foreign: readonly Uint8Array[] = []) {
	const folder = temporaryFolder("log");
	await writeLog(openDirectory(folder), signer, [[...events.map(entryOf), ...foreign]]);
	return folder;
}

test("a log of long ago comes to the same state in this build", async () => {
	const { rows, report } = await replay(join(GOLDEN, "log"));
	const lines = readFileSync(join(GOLDEN, "state.ndjson"), "utf8").trimEnd().split("\n");
	expect(rows).toEqual(lines.map((line) => JSON.parse(line)));
	expect(report).toMatchObject(JSON.parse(readFileSync(join(GOLDEN, "report.json"), "utf8")));
	const states = rows.map(
		(row) => `${Object(row).table} ${Object(row).status ?? Object(row).state}`,
	);
	expect([...new Set(states)].sort()).toEqual([
		"charges declined",
		"charges succeeded",
		"charges unsettled",
		"orders cancelled",
		"orders confirmed",
		"refunds succeeded",
		"reservations held",
		"reservations rejected",
		"reservations released",
	]);
});

describe("the state does not depend on", () => {
	const events = ["a", "b", "c"].flatMap((name) => eventsOf(`order-${name}`));
	const wanted = logOf(events).then(replay);

	test("the order in which streams were recorded", async () => {
		const { rows, report } = await replay(await logOf(events.toReversed()));
		expect(rows).toEqual((await wanted).rows);
		expect(report.state_hash).toBe((await wanted).report.state_hash);
		expect(rows).toHaveLength(9);
	});

	test("how often an event was recorded", async () => {
		const { report } = await replay(await logOf([...events, ...events]));
		expect(report.state_hash).toBe((await wanted).report.state_hash);
		expect(report.repeated).toBe(events.length);
	});

	test("what others publish", async () => {
		const data = Buffer.from(JSON.stringify({ order_id: "order-a", message_id: "theirs" }));
		const headers = Buffer.from("NATS/1.0\r\nNats-Msg-Id: theirs\r\n\r\n");
		const foreign = ["orders.cancelled.v1", "orders.created.v1", "anything.at.all"].map((subject) =>
			encodeEntry({ subject, headers, data }),
		);
		const { report } = await replay(await logOf(events, foreign));
		expect(report.state_hash).toBe((await wanted).report.state_hash);
		expect(report.foreign).toBe(foreign.length);
	});

	test("and is another one where an event says something else", async () => {
		const { report } = await replay(await logOf(events.slice(1)));
		expect(report.state_hash).not.toBe((await wanted).report.state_hash);
	});
});

test("two ends of one order are found", async () => {
	const { message_id: _, ...facts } = JSON.parse(eventsOf("order-a")[3]?.data ?? "");
	const cancelled = { ...facts, reason: "deadline" };
	const second = createEvent("orders.cancelled.v1", "order-a", cancelled, undefined);
	const { report } = await replay(await logOf([...eventsOf("order-a"), second]));
	expect(report.first).toEqual({
		kind: "log.ended",
		order_id: "order-a",
		log_index: 4,
		in_log: "confirmed, and then cancelled",
		in_database: null,
	});
});

describe("it ends where", () => {
	test("an event of ours breaks its contract", async () => {
		const [created, ...rest] = eventsOf("order-a");
		const broken = { ...created, data: created?.data.replace('"EUR"', '"???"') } as OutgoingEvent;
		const replayed = replay(await logOf([...rest, broken]));
		expect(replayed).rejects.toThrow("entry 3 breaks the contract of orders.created.v2: currency");
	});

	test("a bundle is missing", async () => {
		const events = Array.from({ length: 200 }, (_, n) => eventsOf(`order-${n}`)).flat();
		const folder = await logOf(events);
		rmSync(join(folder, "tile/entries/001"), { force: true });
		const replayed = replay(folder);
		expect(replayed).rejects.toBeInstanceOf(ReplayError);
		expect(replayed).rejects.toThrow("bundle 1 of the log is not whole: run millrace audit verify");
	});
});
