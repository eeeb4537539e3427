import { afterAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type DrizzleSnapshotJSON, generateDrizzleJson, generateMigration } from "drizzle-kit/api";
import { migrations } from "../../migrations/bundle.ts";
import { type ModuleName, moduleNames } from "../../src/contracts/streams.ts";
import { migrate } from "../../src/database/migrate.ts";
import * as audit from "../../src/modules/audit/tables.ts";
import * as inventory from "../../src/modules/inventory/tables.ts";
import * as order from "../../src/modules/order/tables.ts";
import * as payment from "../../src/modules/payment/tables.ts";
import { describeSchema } from "../support/schema-dump.ts";
import { privateServers } from "../support/servers.ts";

const servers = await privateServers();
afterAll(servers.close);
const { sql } = servers;
const MIGRATIONS = join(import.meta.dir, "../../migrations");
const DUMP = join(MIGRATIONS, "schema.txt");
const tables: Record<ModuleName, Record<string, unknown>> = { order, inventory, payment, audit };
const schemas = moduleNames.map((name) => `millrace_${name}`);

const options = {
	url: servers.database_url,
	connections_max: 2,
	connect_timeout_s: 2,
	statement_timeout_ms: 5_000,
};
const migrateAll = () =>
	Promise.all(moduleNames.map((name) => migrate(options, `millrace_${name}`, migrations[name])));

const applied = () =>
	Promise.all(
		schemas.map(async (schema) => (await sql`select hash from ${sql(schema)}.migrations`).length),
	);

test("processes that start together migrate once", async () => {
	await Promise.all([migrateAll(), migrateAll(), migrateAll()]);
	expect(await applied()).toEqual(moduleNames.map((name) => migrations[name].length));
});

test("migrating again changes nothing", async () => {
	const before = await describeSchema(sql, schemas);
	await migrateAll();
	expect(await describeSchema(sql, schemas)).toBe(before);
	expect(await applied()).toEqual(moduleNames.map((name) => migrations[name].length));
});

test("the tables are as schema.txt has them; UPDATE=1 writes it anew", async () => {
	const found = await describeSchema(sql, schemas);
	if (process.env.UPDATE === "1") writeFileSync(DUMP, found);
	expect(found).toBe(readFileSync(DUMP, "utf8"));
	expect(found).toContain("stock_never_below_zero");
});

describe.each([...moduleNames])("the migrations of %s", (name) => {
	const folder = join(MIGRATIONS, name);
	const files = readdirSync(folder).filter((file) => file.endsWith(".sql"));

	test("are all in the bundle, in order, as they are in their files", () => {
		const bundled = migrations[name].map(({ tag }) => `${tag}.sql`);
		expect(bundled).toEqual(files.sort());
		for (const { tag, sql } of migrations[name])
			expect(sql).toBe(readFileSync(join(folder, `${tag}.sql`), "utf8"));
		const times = migrations[name].map(({ when }) => when);
		expect(times).toEqual(times.toSorted((a, b) => a - b));
	});

	test("make what the tables in the code say", async () => {
		const last = String(migrations[name].length - 1).padStart(4, "0");
		const snapshot = join(folder, "meta", `${last}_snapshot.json`);
		const migrated = JSON.parse(readFileSync(snapshot, "utf8")) as DrizzleSnapshotJSON;
		const coded = generateDrizzleJson(tables[name], migrated.id, [`millrace_${name}`]);
		expect(Object.keys(coded.tables).length).toBeGreaterThan(2);
		expect(await generateMigration(migrated, coded as DrizzleSnapshotJSON)).toEqual([]);
	});
});
