import { join } from "node:path";
import { moduleNames } from "../src/contracts/streams.ts";
import { openBareGateway } from "../src/gateway/open-bare-gateway.ts";
import { openDirectory } from "../src/object-store/directory-store.ts";
import { openVerifier } from "../src/verify/open-verifier.ts";
import type { OrderRow } from "./database.ts";
import { countLost, sumFindings, type Verdict } from "./verdict.ts";

/** Where the truth is looked for. */
export interface Stores {
	/** Of the database that holds the tables of all modules that run. */
	readonly database_url: string;
	/** All orders in Postgres. */
	readonly rows: readonly OrderRow[];
	/** Holds the ledger of the gateway inside the process, and the audit log. */
	readonly data_folder: string;
	/** Of the sandbox gateway, when there is one. */
	readonly gateway_url: string | undefined;
	/** False when only the order role ran: then nothing ends, and there is nothing else to count. */
	readonly ends: boolean;
}

const CONNECT_TIMEOUT_S = 5;
const API_KEY = "sk_test_bench";
const CALL_TIMEOUT_MS = 30_000;
/** Everything is at rest, and how old it is says nothing. */
const AT_REST = {
	settle_ms: 0,
	pending_ms_max: Number.POSITIVE_INFINITY,
	unknown_ms_max: Number.POSITIVE_INFINITY,
};

/**
 * Counts in the stores what went wrong.
 * @param accepted ids of all orders that were answered with 202
 */
export async function judge(
	stores: Stores & { readonly accepted: readonly string[] },
): Promise<Verdict> {
	const { database_url, rows, data_folder, gateway_url, ends, accepted } = stores;
	const lost = countLost(accepted, new Map(rows.map((row) => [row.order_id, row])), ends);
	if (!ends) return { lost, charged_twice: null, oversold: null, audit_missing: null };
	const database_urls = Object.fromEntries(moduleNames.map((name) => [name, database_url]));
	const verifier = openVerifier({
		database_urls: database_urls as Record<(typeof moduleNames)[number], string>,
		connect_timeout_s: CONNECT_TIMEOUT_S,
		gateway: openBareGateway({
			data_folder,
			stripe: gateway_url === undefined ? undefined : { api_key: API_KEY, api_url: gateway_url },
			call_timeout_ms: CALL_TIMEOUT_MS,
		}),
		log_files: openDirectory(join(data_folder, "audit")),
	});
	try {
		const { findings } = await verifier.verify(AT_REST);
		return { lost, ...sumFindings(findings) };
	} finally {
		await verifier.close();
	}
}
