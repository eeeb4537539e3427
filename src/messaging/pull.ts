import type { ConsumerMessages, JsMsg } from "@nats-io/jetstream";
import type { Session } from "./connection.ts";

export interface PullOptions {
	readonly durable: string;
	readonly stream: string;
	readonly expires_ms: number;
	readonly heartbeat_ms: number;
	onMessage(message: JsMsg): void;
}

/** What is fetched from a durable, so much ahead. */
export interface Pull {
	/** How many messages are fetched ahead; 0 while it is closed. */
	readonly ahead: number;
	/** Fetches so many messages ahead from now on. */
	open(session: Session, ahead: number): Promise<void>;
	/** Fetches nothing more. */
	close(): Promise<void>;
}

export function createPull(options: PullOptions): Pull {
	let messages: ConsumerMessages | undefined;
	let ahead = 0;

	async function close() {
		ahead = 0;
		const closing = messages;
		messages = undefined;
		await closing?.close();
	}

	return {
		get ahead() {
			return ahead;
		},
		async open(session, max_messages) {
			await close();
			ahead = max_messages;
			const consumer = await session.js.consumers.get(options.stream, options.durable);
			messages = await consumer.consume({
				max_messages,
				expires: options.expires_ms,
				idle_heartbeat: options.heartbeat_ms,
				callback: options.onMessage,
			});
		},
		close,
	};
}
