import type { PendingQuery, Row } from "postgres";
import type { Database } from "./connection.ts";

/** Whether a module ever ran on a database. */
export async function hasTables({ run, sql }: Database, module: string): Promise<boolean> {
	const [row] = await run(sql<[{ there: boolean }]>`
		select to_regclass(${`millrace_${module}.migrations`}) is not null as there`);
	return row.there;
}

/** Runs queries over the tables of modules, each in its own database; one that never ran has no rows. */
export async function readModules<Name extends string>(
	databases: Readonly<Record<Name, Database>>,
) {
	const names = Object.keys(databases) as Name[];
	const there = await Promise.all(names.map((name) => hasTables(databases[name], name)));
	const present = new Set(names.filter((_, index) => there[index]));
	return async <T extends Row>(name: Name, query: PendingQuery<T[]>): Promise<readonly T[]> =>
		present.has(name) ? await databases[name].run(query) : [];
}
