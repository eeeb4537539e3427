import {
	AckPolicy,
	type ConsumerConfig,
	DeliverPolicy,
	DiscardPolicy,
	JetStreamApiError,
	type JetStreamManager,
	RetentionPolicy,
	StorageType,
	type StreamConfig,
} from "@nats-io/jetstream";
import { nanos } from "nats";
import {
	DEAD_LETTER_STREAM,
	DISCARDED_STREAM,
	deadLetterSubjects,
	discardedSubjects,
	eventStreams,
} from "../contracts/streams.ts";
import type { Log } from "../telemetry/log.ts";

export interface StreamOptions {
	readonly replicas: number;
	readonly stream_bytes_max: number;
	readonly message_bytes_max: number;
	readonly duplicate_window_s: number;
}

/** A setting of an existing stream or consumer that is not as the code wants it. It is left as it is. */
export interface Difference {
	readonly of: string;
	readonly setting: string;
	readonly wanted: unknown;
	readonly found: unknown;
}

/** What a dead letter says besides the message itself. */
const DEAD_LETTER_HEADERS_BYTES_MAX = 8_192;

/** So many times smaller are streams that only operators write to: the broker sets the space of each aside. */
const SMALL_STREAMS = 16;

type Wanted = Partial<StreamConfig> & { name: string };

/** Every stream, as it should be. Limits retention, since replay and audit read what others have handled. */
export function wantedStreams(options: StreamOptions): Wanted[] {
	const settings = {
		storage: StorageType.File,
		retention: RetentionPolicy.Limits,
		discard: DiscardPolicy.New,
		num_replicas: options.replicas,
		max_bytes: options.stream_bytes_max,
		max_msg_size: options.message_bytes_max,
		duplicate_window: nanos(options.duplicate_window_s * 1_000),
		allow_atomic: true,
	};
	const small_bytes_max = Math.ceil(options.stream_bytes_max / SMALL_STREAMS);
	const events = Object.entries(eventStreams).map(([name, subjects]) => ({
		...settings,
		name,
		subjects: [...subjects],
		...(name === "OPERATIONS" && { max_bytes: small_bytes_max }),
	}));
	const dead_letters = {
		...settings,
		name: DEAD_LETTER_STREAM,
		subjects: Object.values(deadLetterSubjects),
		max_msg_size: options.message_bytes_max + DEAD_LETTER_HEADERS_BYTES_MAX,
	};
	const discarded = {
		...dead_letters,
		name: DISCARDED_STREAM,
		subjects: Object.values(discardedSubjects),
		discard: DiscardPolicy.Old,
		max_bytes: small_bytes_max,
	};
	return [...events, dead_letters, discarded];
}

/** Makes the streams that are missing and reports where those that exist differ. */
export async function provisionStreams(
	jsm: JetStreamManager,
	options: StreamOptions,
	log: Log,
): Promise<Difference[]> {
	const differences: Difference[] = [];
	for (const wanted of wantedStreams(options)) {
		const found = await orUndefined(jsm.streams.info(wanted.name));
		if (found) differences.push(...compare(`stream ${wanted.name}`, wanted, found.config));
		else await jsm.streams.add(wanted);
	}
	report(differences, log);
	return differences;
}

export interface ConsumerOptions {
	readonly durable: string;
	readonly stream: string;
	readonly subjects: readonly string[];
	readonly acknowledge: "each" | "all-before";
	readonly ack_wait_ms: number;
	readonly in_flight_max: number;
}

/**
 * Makes a durable pull consumer if it is missing and reports where it differs. No `backoff` (it
 * bends the delays of nak and ack_wait) and no `max_deliver` (what it drops is announced once, to
 * whoever listens at that moment): attempts are counted by millrace. A `max_deliver` that stands is taken away.
 */
export async function provisionConsumer(
	jsm: JetStreamManager,
	options: ConsumerOptions,
	log: Log,
): Promise<Difference[]> {
	const wanted = {
		durable_name: options.durable,
		ack_policy: options.acknowledge === "each" ? AckPolicy.Explicit : AckPolicy.All,
		ack_wait: nanos(options.ack_wait_ms),
		max_ack_pending: options.in_flight_max,
		max_deliver: -1,
		...filter(options.subjects),
	} satisfies Partial<ConsumerConfig>;
	const found = await orUndefined(jsm.consumers.info(options.stream, options.durable));
	if (!found) {
		await jsm.consumers.add(options.stream, { ...wanted, deliver_policy: DeliverPolicy.All });
		return [];
	}
	if (found.config.max_deliver !== wanted.max_deliver) {
		const { max_deliver } = wanted;
		await jsm.consumers.update(options.stream, options.durable, { max_deliver });
		log.warn(
			{ consumer: options.durable, found: found.config.max_deliver },
			"the broker would have dropped messages after so many deliveries; it does not any more",
		);
	}
	const differences = compare(
		`consumer ${options.durable}`,
		{ ...wanted, max_deliver: undefined },
		{ ...found.config, max_deliver: undefined },
	);
	report(differences, log);
	return differences;
}

function filter(subjects: readonly string[]) {
	const [only] = subjects;
	return subjects.length === 1 && only !== undefined
		? { filter_subject: only }
		: { filter_subjects: [...subjects] };
}

function compare(of: string, wanted: object, found: object): Difference[] {
	const settings = found as Record<string, unknown>;
	return Object.entries(wanted).flatMap(([setting, value]) =>
		Bun.deepEquals(settings[setting], value)
			? []
			: [{ of, setting, wanted: value, found: settings[setting] }],
	);
}

function report(differences: readonly Difference[], log: Log) {
	for (const difference of differences) {
		log.warn(difference, `${difference.of} is not as this build wants it; it is left as it is`);
	}
}

const NOT_FOUND = new Set([10_014, 10_059]);

/** @returns undefined when there is none of that name */
export async function orUndefined<T>(lookup: Promise<T>): Promise<T | undefined> {
	try {
		return await lookup;
	} catch (error) {
		if (isMissing(error)) return undefined;
		throw error;
	}
}

/** The answer that there is no such stream or consumer, as opposed to none. */
export function isMissing(error: unknown): boolean {
	return error instanceof JetStreamApiError && NOT_FOUND.has(error.code);
}
