import { type ConsumerMessages, DeliverPolicy, type JsMsg } from "@nats-io/jetstream";
import {
	DEAD_LETTER_STREAM,
	DISCARDED_STREAM,
	deadLetterSubjects,
	discardedSubjects,
	type ModuleName,
	moduleNames,
} from "../contracts/streams.ts";
import type { Session } from "./connection.ts";
import { parseHeaders } from "./dead-letter.ts";
import { headerBytes, headerText } from "./headers.ts";

/** Dead letters that wait for a decision, and those that an operator took out. */
export type Shelf = "parked" | "discarded";

/** A dead letter as it lies there. Times in RFC 3339, empty where a header is missing. */
export interface StoredLetter {
	readonly shelf: Shelf;
	/** Its place among the dead letters, by which operators name it. */
	readonly sequence: number;
	readonly module: ModuleName;
	readonly parked_at: string;
	readonly reason: string;
	readonly error: string;
	readonly error_type: string;
	readonly error_place: string;
	readonly fingerprint: string;
	readonly message_id: string;
	readonly order_id: string | undefined;
	readonly subject: string;
	readonly stream: string;
	readonly stream_sequence: number;
	readonly consumer: string;
	readonly attempts: number;
	readonly first_failed_at: string;
	readonly last_failed_at: string;
	/** How often it was redriven, and by which action and whom the last time. */
	readonly redrives: number;
	readonly redrive: string | undefined;
	readonly redriven_by: string | undefined;
	readonly redriven_at: string | undefined;
	readonly discarded_by: string | undefined;
	readonly discarded_at: string | undefined;
	readonly discarded_why: string | undefined;
	readonly headers: ReadonlyMap<string, string>;
	/** Empty when only headers were asked for. */
	readonly data: Uint8Array;
}

export interface LetterRange {
	readonly shelf: Shelf;
	/** All when left out. */
	readonly module?: ModuleName | undefined;
	readonly from_sequence: number;
	readonly headers_only: boolean;
}

const streams = { parked: DEAD_LETTER_STREAM, discarded: DISCARDED_STREAM } as const;
const subjects = { parked: deadLetterSubjects, discarded: discardedSubjects } as const;
const MESSAGES_MAX = 2_000;
const EXPIRES_MS = 5_000;
const HEARTBEAT_MS = 1_000;

export const streamOf = (shelf: Shelf): string => streams[shelf];
export const subjectOn = (shelf: Shelf, module: ModuleName): string => subjects[shelf][module];

/** The place of the youngest letter that was ever there. */
export async function lastSequence({ jsm }: Session, shelf: Shelf): Promise<number> {
	return (await jsm.streams.info(streams[shelf])).state.last_seq;
}

/** Hands over letters, the oldest first, until there are no more or `take` answers false. */
export async function readLetters(
	session: Session,
	range: LetterRange,
	take: (letter: StoredLetter) => boolean,
): Promise<void> {
	const consumer = await open(session, range);
	try {
		if ((await consumer.info(true)).num_pending === 0) return;
		const messages = await consumer.consume(PULL);
		for await (const message of messages) {
			const wanted = take(toLetter(range.shelf, message));
			if (!wanted || message.info.pending === 0) break;
		}
		await messages.close();
	} finally {
		await consumer.delete().catch(() => undefined);
	}
}

/** Hands over letters as they come in, headers only, until it is stopped. */
export async function watchLetters(
	session: Session,
	from_sequence: number,
	onLetter: (letter: StoredLetter) => void,
): Promise<{ stop(): Promise<void> }> {
	const consumer = await open(session, { shelf: "parked", from_sequence, headers_only: true });
	const messages: ConsumerMessages = await consumer.consume({
		...PULL,
		callback: (message) => onLetter(toLetter("parked", message)),
	});
	return {
		async stop() {
			await messages.close();
			await consumer.delete().catch(() => undefined);
		},
	};
}

/** @returns undefined when it is not there (any more) */
export async function findLetter(
	{ jsm }: Session,
	shelf: Shelf,
	sequence: number,
): Promise<StoredLetter | undefined> {
	const found = await jsm.streams.getMessage(streams[shelf], { seq: sequence });
	if (found === null) return undefined;
	const names = found.header.keys();
	const headers = new Map(names.map((name) => [name, found.header.get(name)]));
	const { subject, seq, time, data } = found;
	return parse(shelf, { subject, seq, time, headers, data });
}

const PULL = {
	max_messages: MESSAGES_MAX,
	expires: EXPIRES_MS,
	idle_heartbeat: HEARTBEAT_MS,
} as const;

function open({ js }: Session, { shelf, module, from_sequence, headers_only }: LetterRange) {
	return js.consumers.get(streams[shelf], {
		deliver_policy: DeliverPolicy.StartSequence,
		opt_start_seq: from_sequence,
		headers_only,
		...(module && { filter_subjects: [subjects[shelf][module]] }),
	});
}

function toLetter(shelf: Shelf, message: JsMsg): StoredLetter {
	const { subject, seq, time, data } = message;
	const headers = parseHeaders(headerText(headerBytes(message)));
	return parse(shelf, { subject, seq, time, headers, data });
}

interface RawLetter {
	readonly subject: string;
	readonly seq: number;
	readonly time: Date;
	readonly headers: ReadonlyMap<string, string>;
	readonly data: Uint8Array;
}

function parse(shelf: Shelf, { subject, seq, time, headers, data }: RawLetter): StoredLetter {
	const text = (name: string) => headers.get(`Millrace-${name}`) ?? "";
	const optional = (name: string) => headers.get(`Millrace-${name}`) || undefined;
	return {
		shelf,
		sequence: seq,
		module: moduleNames.find((name) => subjects[shelf][name] === subject) ?? "audit",
		parked_at: optional("Parked-At") ?? time.toISOString(),
		reason: text("Reason"),
		error: text("Error"),
		error_type: text("Error-Type"),
		error_place: text("Error-Place"),
		fingerprint: text("Fingerprint"),
		message_id: text("Message-Id"),
		order_id: optional("Order-Id"),
		subject: text("Original-Subject"),
		stream: text("Original-Stream"),
		stream_sequence: Number(text("Original-Sequence")),
		consumer: text("Consumer"),
		attempts: Number(text("Attempts")),
		first_failed_at: text("First-Failed-At"),
		last_failed_at: text("Last-Failed-At"),
		redrives: Number(text("Redrives")),
		redrive: optional("Redrive"),
		redriven_by: optional("Redriven-By"),
		redriven_at: optional("Redriven-At"),
		discarded_by: optional("Discarded-By"),
		discarded_at: optional("Discarded-At"),
		discarded_why: optional("Discarded-Why"),
		headers,
		data,
	};
}
