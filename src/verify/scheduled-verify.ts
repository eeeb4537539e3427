import type { Lock } from "../database/lock.ts";
import { every, type Part } from "../lifecycle.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { type FindingKind, findingKinds } from "./findings.ts";
import type { VerifyLimits } from "./limits.ts";
import type { Verifier } from "./open-verifier.ts";
import type { Report } from "./report.ts";

export interface ScheduledVerifyOptions extends VerifyLimits {
	readonly interval_s: number;
}

export interface ScheduledVerifyNeeds {
	readonly verifier: Verifier;
	readonly metrics: Metrics;
	readonly log: Log;
	/** Resolves to undefined while another replica verifies. */
	tryLock(): Promise<Lock | undefined>;
}

/** Verifies once an interval. Of all replicas one does it, the holder of a lock in Postgres. */
export function createScheduledVerify(
	{ interval_s, ...options }: ScheduledVerifyOptions,
	{ verifier, metrics, log, tryLock }: ScheduledVerifyNeeds,
): Part {
	const leaving = new AbortController();
	let lock: Lock | undefined;

	async function hold(): Promise<boolean> {
		if (lock !== undefined) return true;
		const taken = await tryLock();
		lock = taken;
		void taken?.lost.then(() => {
			lock = undefined;
		});
		return taken !== undefined;
	}

	async function round() {
		if (await hold()) tell(await verifier.verify({ ...options, signal: leaving.signal }));
	}

	function tell(report: Report) {
		const { counted, open, findings, took_ms } = report;
		metrics.verify_last_run.set(Date.now() / 1_000);
		metrics.verify_orders.set(counted.orders);
		for (const finding of Object.keys(findingKinds) as FindingKind[]) {
			metrics.verify_findings.set({ finding }, findings[finding]?.count ?? 0);
		}
		for (const [finding, { count, examples }] of Object.entries(findings)) {
			log.error({ finding, count, examples }, "the books do not agree");
		}
		log.info({ took_ms, orders: counted.orders, open }, "the books were verified");
	}

	function complain(error: unknown) {
		if (!leaving.signal.aborted) log.warn({ err: error }, "the books could not be verified");
	}

	const rounds = every("verify", interval_s * 1_000, round, complain);
	return {
		name: rounds.name,
		start: rounds.start,
		async stop() {
			leaving.abort();
			await rounds.stop();
			await lock?.release();
			await verifier.close();
		},
	};
}
