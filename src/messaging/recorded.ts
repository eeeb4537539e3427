import type { EventStream } from "../contracts/streams.ts";
import type { Part } from "../lifecycle.ts";
import type { Broker, Session } from "./connection.ts";

/** Up to which message of a stream the audit log has recorded everything. */
export interface Recorded {
	readonly stream: EventStream;
	readonly stream_created_at: string;
	readonly sequence: number;
}

/** Asked and answered without being stored: whoever gets no answer keeps what may still be needed. */
const SUBJECT = "millrace.recorded";
const ANSWER_MS_MAX = 1_000;

/** @returns nothing when nobody answers */
export async function askRecorded({ nc }: Session): Promise<readonly Recorded[]> {
	try {
		const answer = await nc.request(SUBJECT, "", { timeout: ANSWER_MS_MAX });
		return answer.json<readonly Recorded[]>();
	} catch {
		return [];
	}
}

/** Says how far the log is to whoever asks, each time from where it is written down. */
export function createRecordedAnswers(
	broker: Broker,
	read: () => Promise<readonly Recorded[]>,
): Part {
	let stopped = false;
	let end = () => {};

	async function answer() {
		const { nc } = await broker.ready;
		if (stopped) return;
		const asked = nc.subscribe(SUBJECT, { queue: "audit" });
		end = () => asked.unsubscribe();
		for await (const question of asked) {
			const positions = await read().catch(() => undefined);
			if (positions) question.respond(JSON.stringify(positions));
		}
	}

	return {
		name: "answers about the audit log",
		async start() {
			void answer();
		},
		async stop() {
			stopped = true;
			end();
		},
	};
}
