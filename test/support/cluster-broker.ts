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
}

export interface ClusterBroker {
	readonly nc: NatsConnection;
	readonly js: JetStreamClient;
	readonly jsm: JetStreamManager;
	progress(): Promise<Progress>;
	/** The server that leads a stream, by its name; throws while there is none. */
	leaderOf(stream: EventStream): Promise<string>;
	/**
	 * Deliveries beyond the first of each message that were acknowledged or given back since this connection
	 * stands. Consumers count them too, but begin anew when they are made anew or go back.
	 */
	redeliveries(): Promise<number>;
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
	let redeliveries = 0;
	nc.subscribe("$JS.ACK.>", {
		callback(error, { subject, data }) {
			if (error === null && deliveryOf(subject) > 1 && !isInProgress(data)) redeliveries += 1;
		},
	});
	return {
		nc,
		jsm,
		js: jetstream(nc),
		async progress() {
			const all = await Promise.all(streams.map((stream) => progressOf(jsm, stream)));
			return {
				last: Object.fromEntries(all.map(({ stream, last }) => [stream, last])) as Progress["last"],
				open: sum(all.map(({ open }) => open)),
			};
		},
		async leaderOf(stream) {
			const { cluster } = await jsm.streams.info(stream);
			if (!cluster?.leader) throw new Error(`${stream} has no leader`);
			return cluster.leader;
		},
		async redeliveries() {
			await nc.flush();
			return redeliveries;
		},
		close: () => nc.close(),
	};
}

async function progressOf(jsm: JetStreamManager, stream: EventStream) {
	const { state } = await jsm.streams.info(stream);
	let open = 0;
	for await (const info of jsm.consumers.list(stream)) {
		if (info.config.durable_name !== undefined) open += info.num_pending + info.num_ack_pending;
	}
	return { stream, last: state.last_seq, open };
}

/**
 * Which delivery of its message is answered on a subject, as the broker forms it:
 * `$JS.ACK.<stream>.<consumer>.<delivery>.<…>`, or with domain and account before the stream.
 */
function deliveryOf(subject: string): number {
	const tokens = subject.split(".");
	return Number(tokens[tokens.length === 9 ? 4 : 6]);
}

/** Says that the message is still in hand; the answer is yet to come. */
function isInProgress(data: Uint8Array): boolean {
	return data.length > 1 && data[1] === "W".charCodeAt(0);
}

function sum(numbers: readonly number[]): number {
	return numbers.reduce((total, n) => total + n, 0);
}
