import {
	type JetStreamClient,
	type JetStreamManager,
	jetstream,
	jetstreamManager,
} from "@nats-io/jetstream";
import { connect, headers, type NatsConnection } from "nats";
import type { PrivateServers } from "./servers.ts";

/** A message as it lies on a stream. */
export interface StoredMessage {
	readonly sequence: number;
	readonly subject: string;
	header(name: string): string;
	readonly header_names: readonly string[];
	readonly data: Uint8Array;
	json(): Record<string, unknown>;
}

/** What a test does with the broker behind the program's back. */
export interface Streams {
	readonly nc: NatsConnection;
	readonly js: JetStreamClient;
	readonly jsm: JetStreamManager;
	/** All messages of a stream, the oldest first, only those of `subject` when it is given. */
	messages(stream: string, subject?: string): Promise<StoredMessage[]>;
	publish(subject: string, data: string | object, named?: Record<string, string>): Promise<number>;
}

/** Connects to the servers' broker until they are closed. */
export async function openStreams(servers: PrivateServers): Promise<Streams> {
	const nc = await connect({
		servers: servers.nats.url,
		maxReconnectAttempts: -1,
		reconnectTimeWait: 50,
	});
	servers.atEnd(() => nc.close());
	const jsm = await jetstreamManager(nc, { checkAPI: false });
	const js = jetstream(nc);
	return {
		nc,
		js,
		jsm,
		async messages(stream, subject) {
			const found = await readAll(js, jsm, stream);
			return found.filter((message) => subject === undefined || message.subject === subject);
		},
		async publish(subject, data, named = {}) {
			const block = headers();
			for (const [name, value] of Object.entries(named)) block.set(name, value);
			const text = typeof data === "string" ? data : JSON.stringify(data);
			const ack = await js.publish(subject, text, { headers: block });
			return ack.seq;
		},
	};
}

async function readAll(js: JetStreamClient, jsm: JetStreamManager, stream: string) {
	const { state } = await jsm.streams.info(stream);
	const found: StoredMessage[] = [];
	if (state.messages === 0) return found;
	const consumer = await js.consumers.get(stream);
	const messages = await consumer.fetch({ max_messages: state.messages, expires: 2_000 });
	for await (const message of messages) {
		found.push({
			sequence: message.seq,
			subject: message.subject,
			header: (name) => message.headers?.get(name) ?? "",
			header_names: message.headers?.keys() ?? [],
			data: message.data,
			json: () => message.json(),
		});
		if (found.length === state.messages) break;
	}
	return found;
}
