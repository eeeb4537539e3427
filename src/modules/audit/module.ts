import type { Database } from "../../database/connection.ts";
import type { Lock } from "../../database/lock.ts";
import type { Broker, Session } from "../../messaging/connection.ts";
import { createRecordedAnswers } from "../../messaging/recorded.ts";
import type { StreamMemory } from "../../messaging/stream-memory.ts";
import type { BucketAccess } from "../../object-store/bucket-store.ts";
import { openStore } from "../../object-store/open-store.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Tracing } from "../../telemetry/trace.ts";
import { createLogGuard } from "./guard-log.ts";
import { createSequencer, type SequencerOptions } from "./sequencer.ts";
import { type KeySource, readSigningKeys } from "./signing-keys.ts";
import { createAuditStore } from "./store.ts";

/** Records every event of every module in the log, once, off the sale's path. */
export function auditModule(needs: {
	readonly database: Database;
	readonly broker: Broker;
	readonly memory: StreamMemory;
	prepare(session: Session): Promise<void>;
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
	const { guard, tryTurn } = createLogGuard({ ...needs, store });
	const open = (address: string) => openStore(address, needs.bucket_access);
	const sequencer = createSequencer(needs.sequencer, {
		...needs,
		tryTurn,
		store,
		objects: open(needs.address),
		witness: needs.witness_address === undefined ? undefined : open(needs.witness_address),
		readKeys: () => readSigningKeys(needs.key_source),
	});
	const answers = createRecordedAnswers(needs.broker, async () => (await store.load()).positions);
	return {
		name: "audit",
		consumers: [],
		routes: [],
		guard,
		background: [sequencer, answers],
	} as const;
}
