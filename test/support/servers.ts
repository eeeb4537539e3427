import postgres, { type Sql } from "postgres";
import { type PrivateNats, privateNats } from "./nats.ts";
import { privateDatabase } from "./postgres.ts";

/** A nats-server and a database of one test file, and what has to end before them. */
export interface PrivateServers {
	readonly database_url: string;
	readonly nats: PrivateNats;
	/** A connection of the test's own. */
	readonly sql: Sql;
	/** Runs `end` when the servers are closed; what was added last ends first. */
	atEnd(end: () => Promise<unknown>): void;
	/** Ends everything. A hook of its test file calls it. */
	close(): Promise<void>;
}

export async function privateServers(): Promise<PrivateServers> {
	const [database, nats] = await Promise.all([privateDatabase(), privateNats()]);
	const sql = postgres(database.url, { max: 4, onnotice() {} });
	const ends: (() => Promise<unknown>)[] = [
		() => database.release(),
		() => nats.stop(),
		() => sql.end({ timeout: 1 }),
	];
	return {
		database_url: database.url,
		nats,
		sql,
		atEnd: (end) => void ends.push(end),
		async close() {
			for (const end of ends.splice(0).reverse()) await end();
		},
	};
}
