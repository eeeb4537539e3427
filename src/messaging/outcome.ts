import type { Payload, Subject } from "../contracts/events.ts";

/** A decoded and checked event. `traceparent` is set when its trace is sampled. */
export type IncomingEvent<S extends Subject = Subject> = {
	[K in S]: {
		readonly subject: K;
		readonly message_id: string;
		readonly data: Payload<K>;
		readonly traceparent: string | undefined;
		/** Its order stands still: what followed from it is to be said again, if it was handled before. */
		readonly stuck?: boolean;
	};
}[S];

/**
 * Everything that can become of a message. `retry` spends one of its attempts.
 * `unavailable` spends none and pauses the consumer for all replicas,
 * by default as long as the consumer's setting says: a dependency is down, which is not the message's fault.
 */
export type Outcome =
	| { readonly kind: "done" }
	| { readonly kind: "retry"; readonly error: unknown }
	| { readonly kind: "dead-letter"; readonly reason: string; readonly error?: unknown }
	| { readonly kind: "unavailable"; readonly error: unknown; readonly pause_ms?: number };

export const done: Outcome = { kind: "done" };

/** Handles a batch of events; says the outcome of each, in their order, or throws when the batch failed as a whole. */
export type Handle<S extends Subject> = (
	events: readonly IncomingEvent<S>[],
) => Promise<readonly Outcome[]>;
