import type { ModuleName } from "../contracts/streams.ts";
import { type Database, type DatabaseOptions, openDatabase } from "../database/connection.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { LogFiles } from "./read-log.ts";
import type { Report } from "./report.ts";
import type { VerifyOptions } from "./run.ts";
import { openVerifyStore } from "./store.ts";
import { verifyBooks } from "./verify.ts";

export interface VerifierNeeds {
	readonly database_urls: Readonly<Record<ModuleName, string>>;
	/** Of the connections of its own. */
	readonly connect_timeout_s: number;
	/** undefined: the gateway is not asked, and our own word is taken for what it did. */
	readonly gateway: Gateway | undefined;
	readonly log_files: LogFiles;
}

export interface Verifier {
	verify(options: VerifyOptions): Promise<Report>;
	close(): Promise<void>;
}

/** Orders, reservations and charges are read side by side while stock is added up. */
const CONNECTIONS_MAX = 4;
/** Stock is added up in one statement over all reservations, which takes seconds for millions of them. */
const STATEMENT_TIMEOUT_MS = 600_000;

/** Verifies on connections of its own, so that nothing else waits for it. */
export function openVerifier(needs: VerifierNeeds): Verifier {
	const byUrl = new Map<string, Database>();
	const open = (url: string): Database => {
		const options: DatabaseOptions = {
			url,
			connections_max: CONNECTIONS_MAX,
			connect_timeout_s: needs.connect_timeout_s,
			statement_timeout_ms: STATEMENT_TIMEOUT_MS,
		};
		const database = byUrl.get(url) ?? openDatabase(options);
		byUrl.set(url, database);
		return database;
	};
	const { order, inventory, payment, audit } = needs.database_urls;
	const databases = {
		order: open(order),
		inventory: open(inventory),
		payment: open(payment),
		audit: open(audit),
	};
	return {
		async verify(options) {
			const { gateway, log_files } = needs;
			return verifyBooks({ store: await openVerifyStore(databases), gateway, log_files }, options);
		},
		async close() {
			await Promise.all([...byUrl.values()].map((database) => database.stop()));
		},
	};
}
