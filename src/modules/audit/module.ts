import type { Database } from "../../database/connection.ts";
import type { Lock } from "../../database/lock.ts";
import type { Broker } from "../../messaging/connection.ts";
import type { BucketAccess } from "../../object-store/bucket-store.ts";
import { openStore } from "../../object-store/open-store.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Tracing } from "../../telemetry/trace.ts";
import { createSequencer, type SequencerOptions } from "./sequencer.ts";
import { type KeySource, readSigningKeys } from "./signing-keys.ts";
import { createAuditStore } from "./store.ts";

/** Records every event of every module in the log, once, off the sale's path. */
export function auditModule(needs: {
	readonly database: Database;
	readonly broker: Broker;
	readonly metrics: Metrics;
	readonly tracing: Tracing;
	readonly log: Log;
	/** Where the log is. */
	readonly address: string;
	/** Where copies of its checkpoints go. */
	readonly witness_address: string | undefined;
	readonly bucket_access: BucketAccess | undefined;
	readonly key_source: KeySource;
	readonly sequencer: SequencerOptions;
	tryLock(): Promise<Lock | undefined>;
}) {
	const store = createAuditStore(needs.database);
	const open = (address: string) => openStore(address, needs.bucket_access);
	const sequencer = createSequencer(needs.sequencer, {
		...needs,
		store,
		objects: open(needs.address),
		witness: needs.witness_address === undefined ? undefined : open(needs.witness_address),
		readKeys: () => readSigningKeys(needs.key_source),
	});
	return { name: "audit", consumers: [], routes: [], background: [sequencer] } as const;
}
