import type { ModuleName } from "../contracts/streams.ts";
import { type Database, openDatabase } from "../database/connection.ts";
import type { LogReader } from "../transparency/log-reader.ts";
import { openLiveStore } from "./live-store.ts";
import { type ReplayOptions, replayLog } from "./replay-log.ts";
import type { ReplayReport } from "./report.ts";

export interface RunNeeds {
	/** undefined: the log is compared with nothing. */
	readonly database_urls: Readonly<Record<ModuleName, string>> | undefined;
	readonly connect_timeout_s: number;
	readonly reader: LogReader;
}

/** Reservations and charges are read side by side. */
const CONNECTIONS_MAX = 3;
const STATEMENT_TIMEOUT_MS = 600_000;

/** Replays the log on connections of its own, so that nothing else waits for it. */
export async function runReplay(
	{ database_urls, connect_timeout_s, reader }: RunNeeds,
	options: ReplayOptions,
): Promise<ReplayReport> {
	if (database_urls === undefined) return replayLog({ reader, live: undefined }, options);
	const byUrl = new Map<string, Database>();
	const open = (url: string): Database => {
		const limits = { connections_max: CONNECTIONS_MAX, statement_timeout_ms: STATEMENT_TIMEOUT_MS };
		const database = byUrl.get(url) ?? openDatabase({ url, connect_timeout_s, ...limits });
		byUrl.set(url, database);
		return database;
	};
	const { order, inventory, payment, audit } = database_urls;
	const databases = {
		order: open(order),
		inventory: open(inventory),
		payment: open(payment),
		audit: open(audit),
	};
	try {
		return await replayLog({ reader, live: await openLiveStore(databases) }, options);
	} finally {
		await Promise.all([...byUrl.values()].map((database) => database.stop()));
	}
}
