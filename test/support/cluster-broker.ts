import {
	type JetStreamClient,
	type JetStreamManager,
	jetstream,
	jetstreamManager,
} from "@nats-io/jetstream";
import { connect, type NatsConnection } from "nats";
import { type EventStream, eventStreams } from "../../src/contracts/streams.ts";

const streams = Object.keys(eventStreams) as EventStream[];

/** How far the durable consumers are with the streams. */
export interface Progress {
	/** The last sequence of each stream. */
	readonly last: Readonly<Record<EventStream, number>>;
	/** Messages not delivered yet or not acknowledged yet, of all durable consumers. */
	readonly open: number;
	/** Deliveries beyond the first of each message, of all durable consumers since they were made. */
	readonly redeliveries: number;
}

export interface ClusterBroker {
	readonly nc: NatsConnection;
	readonly js: JetStreamClient;
	readonly jsm: JetStreamManager;
	progress(): Promise<Progress>;
	close(): Promise<void>;
}

/** A connection for looking at the broker from the outside. It outlives a restart of the server. */
export async function openClusterBroker(url: string): Promise<ClusterBroker> {
	const nc = await connect({
		servers: url.split(","),
		maxReconnectAttempts: -1,
		reconnectTimeWait: 100,
	});
	const jsm = await jetstreamManager(nc, { checkAPI: false });
	return {
		nc,
		jsm,
		js: jetstream(nc),
		async progress() {
			const all = await Promise.all(streams.map((stream) => progressOf(jsm, stream)));
			return {
				last: Object.fromEntries(all.map(({ stream, last }) => [stream, last])) as Progress["last"],
				open: sum(all.map(({ open }) => open)),
				redeliveries: sum(all.map(({ redeliveries }) => redeliveries)),
			};
		},
		close: () => nc.close(),
	};
}

async function progressOf(jsm: JetStreamManager, stream: EventStream) {
	const { state } = await jsm.streams.info(stream, { subjects_filter: ">" });
	let open = 0;
	let redeliveries = 0;
	for await (const info of jsm.consumers.list(stream)) {
		const { durable_name, filter_subject, filter_subjects = [filter_subject ?? ""] } = info.config;
		if (durable_name === undefined) continue;
		const stored = sum(
			Object.entries(state.subjects ?? {}).map(([subject, count]) =>
				filter_subjects.some((filter) => passes(subject, filter)) ? count : 0,
			),
		);
		open += info.num_pending + info.num_ack_pending;
		redeliveries += info.delivered.consumer_seq - (stored - info.num_pending);
	}
	return { stream, last: state.last_seq, open, redeliveries };
}

/** A filter is a subject, or one with any last part. */
function passes(subject: string, filter: string): boolean {
	return filter === subject || (filter.endsWith(".*") && subject.startsWith(filter.slice(0, -1)));
}

function sum(numbers: readonly number[]): number {
	return numbers.reduce((total, n) => total + n, 0);
}
