import { type EventStream, type ModuleName, publishedTo } from "../contracts/streams.ts";
import { without } from "../crash-point.ts";
import type { Lock } from "../database/lock.ts";
import { every, type Part, within } from "../lifecycle.ts";
import type { Log } from "../telemetry/log.ts";
import type { Broker, Session } from "./connection.ts";
import { publishAgain } from "./publish-again.ts";
import { rewindDurable } from "./rewind-durable.ts";
import { createSettledMarks } from "./settled-marks.ts";
import type { Remembered, StreamMemory } from "./stream-memory.ts";
import { lookAtStream, type StreamSight, whatIsLost } from "./stream-sight.ts";
import { isMissing } from "./streams.ts";

/** What a module has to do with streams. */
export interface Guarded {
	readonly name: ModuleName;
	readonly consumers: readonly { readonly durable: string; readonly stream: EventStream }[];
}

export interface GuardNeeds {
	readonly memory: StreamMemory;
	readonly broker: Broker;
	readonly log: Log;
	/** Makes the streams that are missing. */
	prepare(session: Session): Promise<void>;
	/** Resolves to undefined while another process mends, or this one may not. */
	tryLock(): Promise<Pick<Lock, "release"> | undefined>;
	/** Streams besides the one it publishes to and those of its consumers. */
	readonly streams?: readonly EventStream[];
	/** What else there is to mend. May be done more than once. */
	mend?(lost: Remembered, session: Session): Promise<void>;
}

/** Notices that a stream has lost something, and gives back to it what the module knows. */
export interface StreamGuard extends Part {
	/** Looks now, and mends under the lock that the caller holds. */
	look(tryLock?: GuardNeeds["tryLock"]): Promise<void>;
}

const LOOK_MS = 2_000;

/**
 * Compares streams with what is remembered of them in Postgres. After a loss the durables of the module go
 * back to what they cannot have had, and all that is kept of what it published is published again
 * (docs/decisions/0015).
 */
export function createStreamGuard(module: Guarded, needs: GuardNeeds): StreamGuard {
	const { memory, broker, log } = needs;
	const own = publishedTo[module.name];
	const streams = new Set([
		...(needs.streams ?? module.consumers.map(({ stream }) => stream)),
		...(own === undefined ? [] : [own]),
	]);
	const marks = own && createSettledMarks(own, memory);

	async function look(tryLock = needs.tryLock) {
		if (!broker.connected()) return;
		const session = await within(LOOK_MS, broker.ready);
		if (session === undefined) return;
		const settling = await marks?.begin(session);
		const remembered = await memory.load();
		for (const stream of streams) {
			const whole = await lookAt(session, stream, remembered.get(stream), tryLock);
			if (whole && stream === own) await settling?.end(whole);
		}
	}

	/** @returns the stream as it is, undefined when something may be missing from it */
	async function lookAt(
		session: Session,
		stream: EventStream,
		before: Remembered | undefined,
		tryLock: GuardNeeds["tryLock"],
	): Promise<StreamSight | undefined> {
		const now = await sight(session, stream);
		if (now === undefined) return undefined;
		if ((await lossOf(session, stream, before, now)) === undefined) {
			await memory.note(stream, now);
			return now;
		}
		await mend(session, stream, tryLock);
		return undefined;
	}

	/** @returns undefined when the stream was missing: it is looked at again when it is there */
	async function sight(session: Session, stream: EventStream): Promise<StreamSight | undefined> {
		try {
			return await lookAtStream(session, stream);
		} catch (error) {
			if (!isMissing(error)) throw error;
			await needs.prepare(session);
			return undefined;
		}
	}

	async function lossOf(
		session: Session,
		stream: EventStream,
		before: Remembered | undefined,
		now: StreamSight,
	) {
		if (before === undefined) return undefined;
		if (before.mended < before.losses) return "an earlier loss is not mended";
		return whatIsLost(session, stream, before, now);
	}

	async function mend(session: Session, stream: EventStream, tryLock: GuardNeeds["tryLock"]) {
		marks?.clear();
		const lock = await tryLock();
		if (lock === undefined) return;
		try {
			await mendAlone(session, stream);
		} finally {
			await lock.release();
		}
	}

	/** Noted first and called mended last, so that whoever finds it half done does all of it again. */
	async function mendAlone(session: Session, stream: EventStream) {
		const before = (await memory.load()).get(stream);
		const now = await lookAtStream(session, stream);
		const why = await lossOf(session, stream, before, now);
		if (before === undefined || why === undefined) return;
		await memory.noteLoss(stream);
		let published = 0;
		if (!without("stream-repair")) {
			for (const consumer of module.consumers) {
				if (consumer.stream === stream) await rewindDurable(session, consumer, before.broker_time);
			}
			await needs.mend?.(before, session);
			if (stream === own) published = await publishAgain(session, memory);
		}
		await memory.noteMended(stream, now);
		log.warn(
			{ module: module.name, stream, why, had: before.sequence, has: now.sequence, published },
			"a stream may have lost events; what is known of them is published again",
		);
	}

	const looking = every(`guard of the streams of ${module.name}`, LOOK_MS, look, (error) =>
		log.warn({ err: error, module: module.name }, "the streams could not be looked at"),
	);
	return {
		...looking,
		look,
		async start() {
			await memory.load();
			await looking.start();
		},
	};
}
