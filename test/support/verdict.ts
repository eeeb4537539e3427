import { openDirectory } from "../../src/object-store/directory-store.ts";
import type { FindingKind } from "../../src/verify/findings.ts";
import { openVerifier } from "../../src/verify/open-verifier.ts";
import type { Cluster } from "./cluster.ts";
import type { Journal } from "./cluster-load.ts";
import { AT_REST } from "./verdict-books.ts";

/** Each number counts broken promises. */
export interface Verdict {
	/** In Postgres, and nobody asked for it. */
	readonly invented: number;
	readonly not_ended: number;
	/** What the books themselves show, by its kind. An order that was accepted and is not there is `order_lost`. */
	readonly findings: Readonly<Partial<Record<FindingKind, number>>>;
}

export const CLEAN: Verdict = { invented: 0, not_ended: 0, findings: {} };

const CONNECT_TIMEOUT_S = 5;

/** Judges a millrace that has come to rest by what clients were told and what was written down. */
export async function judge(
	{ database_urls, gateway, audit_folder }: Cluster,
	journal: Pick<Journal, "accepted">,
): Promise<Verdict> {
	const verifier = openVerifier({
		database_urls,
		connect_timeout_s: CONNECT_TIMEOUT_S,
		gateway,
		log_files: openDirectory(audit_folder),
	});
	try {
		const accepted = new Set(journal.accepted.values());
		const { counted, findings } = await verifier.verify({ ...AT_REST, accepted });
		const counts = Object.entries(findings).map(([kind, { count }]) => [kind, count] as const);
		return {
			invented: counted.orders - (accepted.size - (findings.order_lost?.count ?? 0)),
			not_ended: counted.pending,
			// Parked where an operator sees it is a way to end.
			findings: Object.fromEntries(counts.filter(([kind]) => kind !== "charge_parked")),
		};
	} finally {
		await verifier.close();
	}
}
