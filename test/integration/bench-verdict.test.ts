import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import postgres from "postgres";
import { openBenchDatabase } from "../../bench/database.ts";
import { judge } from "../../bench/judge.ts";
import type { Verdict } from "../../bench/verdict.ts";
import { migrations } from "../../migrations/bundle.ts";
import { bundlePath, encodeBundle, encodeEntry } from "../../src/contracts/audit-log.ts";
import { migrate } from "../../src/database/migrate.ts";
import { privateDatabase } from "../support/postgres.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const LIMITS = { connections_max: 2, connect_timeout_s: 5, statement_timeout_ms: 5_000 };
const WELL: Verdict = { lost: 0, charged_twice: 0, oversold: 0, audit_missing: 0 };

/** Two orders that ended well and one that found the shelf empty. */
const LEDGER = [
	{ key: "k1", kind: "charge", order_id: "one" },
	{ key: "k2", kind: "charge", order_id: "two" },
];
const CONFIRMED = [
	"orders.created.v2",
	"inventory.reserved.v1",
	"payments.completed.v1",
	"orders.confirmed.v1",
];
const LOG = [
	...CONFIRMED.map((subject) => ({ order_id: "one", subject })),
	...CONFIRMED.map((subject) => ({ order_id: "two", subject })),
	...["orders.created.v2", "inventory.rejected.v1", "orders.cancelled.v1"].map((subject) => ({
		order_id: "three",
		subject,
	})),
];

const stored = await privateDatabase();
for (const name of ["order", "inventory"] as const) {
	await migrate({ url: stored.url, ...LIMITS }, `millrace_${name}`, migrations[name]);
}
const sql = postgres(stored.url, { max: 1, onnotice() {} });
const database = openBenchDatabase(stored.url);
const data_folder = temporaryFolder("bench-verdict");

beforeEach(async () => {
	await sql`truncate millrace_order.orders, millrace_inventory.stock, millrace_inventory.reservations`;
	await sql`
		insert into millrace_order.orders (order_id, tenant_id, customer_id, status, reason, currency,
			total_amount, lines, created_at, updated_at)
		select order_id, 'default', 'ann', status, reason, 'EUR', 100, '[]', now(), now()
		from (values ('one', 'confirmed', null), ('two', 'confirmed', null),
			('three', 'cancelled', 'out_of_stock')) as o(order_id, status, reason)`;
	await sql`
		insert into millrace_inventory.reservations (order_id, status, lines)
		values ('one', 'held', '[{"sku": "pen", "quantity": 2}]'),
			('two', 'held', '[{"sku": "pen", "quantity": 1}, {"sku": "ink", "quantity": 1}]'),
			('three', 'rejected', '[{"sku": "pen", "quantity": 9}]')`;
	await sql`
		insert into millrace_inventory.stock (sku, received, available)
		values ('pen', 4, 1), ('ink', 1, 0), ('cap', 5, 5)`;
	writeLedger(LEDGER);
	writeLog(LOG);
});

afterAll(async () => {
	await sql.end();
	await database.close();
	await stored.release();
});

function writeLedger(entries: readonly object[]) {
	mkdirSync(join(data_folder, "gateway"), { recursive: true });
	const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
	writeFileSync(join(data_folder, "gateway", "ledger-1.ndjson"), lines);
}

function writeLog(events: readonly { readonly order_id: string; readonly subject: string }[]) {
	rmSync(join(data_folder, "audit"), { recursive: true, force: true });
	const entries = events.map(({ order_id, subject }) =>
		encodeEntry({
			subject,
			headers: new Uint8Array(),
			data: new TextEncoder().encode(JSON.stringify({ order_id })),
		}),
	);
	const file = join(data_folder, "audit", bundlePath(0, entries.length));
	mkdirSync(dirname(file), { recursive: true });
	writeFileSync(file, encodeBundle(entries));
}

async function verdict(accepted = ["one", "two", "three"]): Promise<Verdict> {
	const rows = await database.orders();
	return await judge({ database, rows, data_folder, ends: true, accepted });
}

test("all is well when the stores agree", async () => {
	expect(await verdict()).toEqual(WELL);
});

describe("lost counts an accepted order that", () => {
	test("is not in Postgres", async () => {
		expect(await verdict(["one", "two", "three", "four"])).toEqual({ ...WELL, lost: 1 });
	});

	test("has not ended", async () => {
		await sql`update millrace_order.orders set status = 'pending', reason = null
			where order_id = 'three'`;
		expect((await verdict()).lost).toBe(1);
	});
});

describe("charged_twice counts an order that", () => {
	test("was charged under two keys", async () => {
		writeLedger([...LEDGER, { key: "k3", kind: "charge", order_id: "one" }]);
		expect(await verdict()).toEqual({ ...WELL, charged_twice: 1 });
	});

	test("was charged and is not there", async () => {
		writeLedger([...LEDGER, { key: "k3", kind: "charge", order_id: "nobody" }]);
		expect(await verdict()).toEqual({ ...WELL, charged_twice: 1 });
	});

	test("is confirmed and was not charged", async () => {
		writeLedger([...LEDGER.slice(1), { key: "k1", kind: "refund", order_id: "one" }]);
		expect(await verdict()).toEqual({ ...WELL, charged_twice: 1 });
	});
});

describe("oversold counts", () => {
	test("a SKU of which more is available than its reservations leave", async () => {
		await sql`update millrace_inventory.stock set available = 2 where sku = 'pen'`;
		expect(await verdict()).toEqual({ ...WELL, oversold: 1 });
	});

	test("a SKU of which more is held than came in", async () => {
		await sql`update millrace_inventory.reservations
			set lines = '[{"sku": "pen", "quantity": 4}]' where order_id = 'one'`;
		expect(await verdict()).toEqual({ ...WELL, oversold: 1 });
	});

	test("a SKU that is held and never came in", async () => {
		await sql`delete from millrace_inventory.stock where sku = 'ink'`;
		expect(await verdict()).toEqual({ ...WELL, oversold: 1 });
	});

	test("a confirmed order for which nothing is held", async () => {
		await sql`update millrace_inventory.reservations set status = 'released' where order_id = 'two'`;
		await sql`update millrace_inventory.stock set available = received - 2 where sku = 'pen'`;
		await sql`update millrace_inventory.stock set available = received where sku = 'ink'`;
		expect(await verdict()).toEqual({ ...WELL, oversold: 1 });
	});
});

describe("audit_missing counts an event that", () => {
	test("is not in the log", async () => {
		writeLog(LOG.filter((_, at) => at !== 2));
		expect(await verdict()).toEqual({ ...WELL, audit_missing: 1 });
	});

	test("is in the log twice", async () => {
		writeLog([...LOG, ...LOG.slice(5, 6)]);
		expect(await verdict()).toEqual({ ...WELL, audit_missing: 1 });
	});

	test("is in the log and cannot be, as the order ended otherwise", async () => {
		writeLog([...LOG, { order_id: "three", subject: "payments.completed.v1" }]);
		expect(await verdict()).toEqual({ ...WELL, audit_missing: 1 });
	});

	test("is about an order that is not there", async () => {
		writeLog([...LOG, { order_id: "nobody", subject: "orders.created.v2" }]);
		expect(await verdict()).toEqual({ ...WELL, audit_missing: 1 });
	});

	test("belongs to any order, when there is no log", async () => {
		writeLog([]);
		expect(await verdict()).toEqual({ ...WELL, audit_missing: LOG.length });
	});
});

test("without the roles that end orders, only orders that are gone are counted", async () => {
	await sql`update millrace_order.orders set status = 'pending', reason = null`;
	const rows = await database.orders();
	const found = await judge({
		database,
		rows,
		data_folder,
		ends: false,
		accepted: ["one", "four"],
	});
	expect(found).toEqual({ lost: 1, charged_twice: null, oversold: null, audit_missing: null });
});
