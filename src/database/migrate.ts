import { createHash } from "node:crypto";
import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import { connectionOptions, type DatabaseOptions } from "./connection.ts";

/** One migration file of a module: `tag` as drizzle-kit names it, `when` in epoch ms, `sql` its text. */
export interface Migration {
	readonly tag: string;
	readonly when: number;
	readonly sql: string;
}

interface Migrator {
	readonly dialect: {
		migrate(migrations: unknown[], session: unknown, config: Record<string, string>): Promise<void>;
	};
	readonly session: unknown;
}

/**
 * Brings the tables of one module up to date, under a lock so that replicas that start together do
 * not collide. The migrations come as text, because the executable has no folder to read them from;
 * drizzle's own migrator takes them in that form through its dialect.
 */
export async function migrate(
	options: DatabaseOptions,
	schema: string,
	migrations: readonly Migration[],
): Promise<void> {
	const client = postgres(options.url, { ...connectionOptions(options), max: 1 });
	try {
		await client`select pg_advisory_lock(hashtextextended(${`migrate ${schema}`}, 0))`;
		const { dialect, session } = drizzle(client) as unknown as Migrator;
		const records = migrations.map((migration) => ({
			sql: migration.sql.split("--> statement-breakpoint"),
			bps: true,
			folderMillis: migration.when,
			hash: createHash("sha256").update(migration.sql).digest("hex"),
		}));
		await dialect.migrate(records, session, {
			migrationsFolder: "",
			migrationsSchema: schema,
			migrationsTable: "migrations",
		});
	} finally {
		await client.end({ timeout: 5 });
	}
}
