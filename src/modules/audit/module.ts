import type { Database } from "../../database/connection.ts";
import type { Lock } from "../../database/lock.ts";
import type { Broker } from "../../messaging/connection.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Tracing } from "../../telemetry/trace.ts";
import { openDirectory } from "./directory.ts";
import { createSequencer, type SequencerOptions } from "./sequencer.ts";
import { createAuditStore } from "./store.ts";

/** Records every event of every module in the log, once, off the sale's path. */
export function auditModule(needs: {
	readonly database: Database;
	readonly broker: Broker;
	readonly metrics: Metrics;
	readonly tracing: Tracing;
	readonly log: Log;
	/** The folder of the log. */
	readonly folder: string;
	readonly sequencer: SequencerOptions;
	tryLock(): Promise<Lock | undefined>;
}) {
	const store = createAuditStore(needs.database);
	const directory = openDirectory(needs.folder);
	const sequencer = createSequencer(needs.sequencer, { ...needs, store, directory });
	return { name: "audit", consumers: [], routes: [], background: [sequencer] } as const;
}
