import type { EventStream } from "../contracts/streams.ts";
import type { Part } from "../lifecycle.ts";
import { ask, createResponders } from "./ask.ts";
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
export async function askRecorded(session: Session): Promise<readonly Recorded[]> {
	const answer = await ask(session, SUBJECT, {}, ANSWER_MS_MAX);
	return (answer ?? []) as readonly Recorded[];
}

/** Says how far the log is to whoever asks, each time from where it is written down. */
export function createRecordedAnswers(
	broker: Broker,
	read: () => Promise<readonly Recorded[]>,
): Part {
	const answers = createResponders(broker, [{ subject: SUBJECT, answer: read }]);
	return { ...answers, name: "answers about the audit log" };
}
