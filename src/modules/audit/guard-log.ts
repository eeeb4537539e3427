import { type EventStream, eventStreams } from "../../contracts/streams.ts";
import type { Database } from "../../database/connection.ts";
import type { Lock } from "../../database/lock.ts";
import { firstDoubtful } from "../../messaging/rewind-durable.ts";
import {
	createStreamGuard,
	type GuardNeeds,
	type StreamGuard,
} from "../../messaging/stream-guard.ts";
import type { AuditStore } from "./store.ts";

/** The right to write the log. It is lost when the lock is, or when a stream has lost something. */
export interface Turn extends Lock {
	/** Whoever had it before did not give it back: objects of his may still be on their way to the store. */
	readonly taken_over: boolean;
}

export interface LogGuard {
	readonly guard: StreamGuard;
	/** Takes the sequencer's turn once positions fit the streams. */
	tryTurn(): Promise<Turn | undefined>;
}

/**
 * Sees to it that the log misses nothing that comes to a stream after a loss, and has nothing twice: whoever
 * writes it stops, its position goes back to where the stream was last known to be whole, and what was
 * recorded since is looked up when it comes again.
 */
export function createLogGuard(
	needs: Omit<GuardNeeds, "tryLock" | "mend" | "streams"> & {
		readonly database: Database;
		readonly store: AuditStore;
		tryLock(): Promise<Lock | undefined>;
	},
): LogGuard {
	const { run, sql } = needs.database;
	let lost = Promise.withResolvers<void>();

	const guard = createStreamGuard(
		{ name: "audit", consumers: [] },
		{
			...needs,
			streams: Object.keys(eventStreams) as EventStream[],
			// Nobody may write meanwhile: the one who does stops, and whoever is next mends.
			async tryLock() {
				lost.resolve();
				return undefined;
			},
			async mend({ stream, broker_time, looked_at }, session) {
				const first = await firstDoubtful(session, stream, broker_time);
				await run(sql`
					with doubtful as (
						update millrace_audit.batches set recorded_at = 'infinity'
						where recorded_at >= ${looked_at}::timestamptz - interval '15 seconds')
					update millrace_audit.positions set sequence = least(sequence, ${first - 1}::bigint)
					where stream = ${stream}`);
			},
		},
	);

	return {
		guard,
		async tryTurn() {
			const lock = await needs.tryLock();
			if (lock === undefined) return undefined;
			lost = Promise.withResolvers();
			try {
				// First of all: what a former writer may still record must not undo what is mended.
				const taken_over = await needs.store.take();
				await guard.look(async () => ({ release: async () => {} }));
				return {
					...lock,
					taken_over,
					lost: Promise.race([lock.lost, lost.promise]),
					async release() {
						await needs.store.leave().catch(() => undefined);
						await lock.release();
					},
				};
			} catch (error) {
				await lock.release();
				throw error;
			}
		},
	};
}
