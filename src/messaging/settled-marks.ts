import { type EventStream, streamDurables } from "../contracts/streams.ts";
import type { Session } from "./connection.ts";
import { askRecorded } from "./recorded.ts";
import type { StreamMemory } from "./stream-memory.ts";
import type { StreamSight } from "./stream-sight.ts";
import { orUndefined } from "./streams.ts";

/** Everything written before a time is on the stream up to a sequence. */
interface Mark {
	readonly until: string;
	readonly sequence: number;
}

/** What was seen before the stream was found whole. */
interface Settling {
	/** The stream was whole after all that. */
	end(sight: StreamSight): Promise<void>;
}

/** Finds out what everybody has settled and nobody will need again, for one publisher. */
export interface SettledMarks {
	begin(session: Session): Promise<Settling>;
	clear(): void;
}

/** Each is some seconds; when more wait for a slow reader, every other one is dropped. */
const MARKS_MAX = 1_000;

export function createSettledMarks(stream: EventStream, memory: StreamMemory): SettledMarks {
	let marks: Mark[] = [];

	/** Up to which message all durables have settled theirs; all there were when none waits for anything. */
	async function settledByDurables({ jsm }: Session): Promise<number> {
		const floors = streamDurables[stream].map(async (durable) => {
			const info = await orUndefined(jsm.consumers.info(stream, durable));
			if (info === undefined) return 0;
			const idle = info.num_pending === 0 && info.num_ack_pending === 0;
			return idle ? Number.POSITIVE_INFINITY : info.ack_floor.stream_seq;
		});
		return Math.min(...(await Promise.all(floors)));
	}

	return {
		async begin(session) {
			const until = await memory.sentUntil();
			const before = marks;
			const durables = await settledByDurables(session);
			const recorded = (await askRecorded(session)).find((it) => it.stream === stream);
			return {
				async end({ stream_created, sequence }) {
					if (marks !== before) return;
					const read = recorded?.stream_created_at === stream_created ? recorded.sequence : 0;
					const floor = Math.min(durables, read);
					const settled = before.filter((mark) => mark.sequence <= floor).at(-1);
					const left = before.filter((mark) => mark.sequence > floor);
					const kept = left.length < MARKS_MAX ? left : left.filter((_, index) => index % 2 === 0);
					marks = [...kept, { until, sequence }];
					if (settled) await memory.forgetSent(stream, settled.until);
				},
			};
		},
		clear() {
			marks = [];
		},
	};
}
