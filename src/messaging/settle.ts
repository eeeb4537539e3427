import type { JsMsg } from "@nats-io/jetstream";
import type { Subject } from "../contracts/events.ts";
import { identifier } from "../contracts/identity.ts";
import type { ModuleName } from "../contracts/streams.ts";
import type { Database } from "../database/connection.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Session } from "./connection.ts";
import { type DeadLetter, park } from "./dead-letter.ts";
import type { Delivery } from "./delivery.ts";
import {
	countFailures,
	type Failed,
	type Failure,
	forgetFailures,
	withdrawBegun,
} from "./failures.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { headerBytes, headerText } from "./headers.ts";
import type { Pause } from "./pause.ts";
import { type RetryDelays, retryDelay } from "./retry.ts";

/** Whose messages are settled, and by which rules. */
export interface SettleContext extends RetryDelays {
	readonly module: ModuleName;
	readonly schema: string;
	readonly durable: string;
	readonly stream: string;
	readonly attempts_max: number;
	/** How long the consumer is paused when the outcome does not say. */
	readonly pause_ms: number;
	readonly pause: Pause;
	readonly database: Database;
	readonly metrics: Metrics;
	readonly log: Log;
}

type Settled = Delivery<Subject>;

/** Tells the broker what became of each message of a batch. The only file that knows ack, nak and term. */
export async function settle(
	context: SettleContext,
	session: Session,
	deliveries: readonly Settled[],
): Promise<void> {
	const failed: Settled[] = [];
	const hopeless: Settled[] = [];
	const blameless: Settled[] = [];
	const succeeded_late: Settled[] = [];
	for (const delivery of deliveries) {
		switch (delivery.outcome.kind) {
			case "done":
				if (delivery.message.redelivered) succeeded_late.push(delivery);
				else delivery.message.ack();
				break;
			case "retry":
				failed.push(delivery);
				break;
			case "dead-letter":
				hopeless.push(delivery);
				break;
			case "unavailable":
				blameless.push(delivery);
				break;
			default:
				delivery.outcome satisfies never;
		}
	}
	await Promise.all([
		finish(context, succeeded_late),
		retry(context, session, failed),
		...hopeless.map((delivery) => bury(context, session, delivery, delivery.begun)),
		pause(context, session, blameless),
	]);
}

/** Says that messages are still in hand, so that they are not delivered again meanwhile. */
export function keep(messages: readonly JsMsg[]): void {
	for (const message of messages) message.working();
}

/**
 * Gives back messages of a paused consumer. They come again when the pause is over, however long it was
 * to be: whoever ends it early does not wait for them.
 */
export function giveBack(context: SettleContext, messages: readonly JsMsg[]): void {
	const after_ms = Math.ceil(Math.min(context.pause.rest_ms(), context.pause_ms));
	for (const message of messages) message.nak(after_ms);
}

async function finish(context: SettleContext, deliveries: readonly Settled[]) {
	if (deliveries.length === 0) return;
	const { database, schema, durable, log } = context;
	const ids = deliveries.map(({ message_id }) => message_id);
	await forgetFailures(database, schema, durable, ids).catch((error) =>
		log.warn({ err: error, consumer: durable }, "attempts of handled messages are still on record"),
	);
	for (const { message } of deliveries) message.ack();
}

async function retry(context: SettleContext, session: Session, deliveries: readonly Settled[]) {
	if (deliveries.length === 0) return;
	const { database, schema, durable, log } = context;
	const failed = new Map(deliveries.map((it) => [it.message_id, toFailed(it)]));
	let failures: readonly Failure[];
	try {
		failures = await countFailures(database, schema, durable, [...failed.values()]);
	} catch (error) {
		log.warn({ err: error, consumer: durable }, "attempts cannot be counted; none is spent");
		for (const { message } of deliveries) message.nak(context.retry_first_ms);
		return;
	}
	const counted = new Map(failures.map((failure) => [failure.message_id, failure]));
	await Promise.all(
		deliveries.map((it) => again(context, session, it, counted.get(it.message_id))),
	);
}

function toFailed({ message_id, outcome, begun }: Settled): Failed {
	return { message_id, error: describe(outcome), counted: isCounted(begun) };
}

/** Whether an attempt was counted before the message was handled. */
const isCounted = (begun: Failure | undefined) => begun !== undefined && begun.attempts > 0;

async function again(
	context: SettleContext,
	session: Session,
	delivery: Settled,
	failure: Failure | undefined,
) {
	const { metrics, log, module, durable } = context;
	const attempts = failure?.attempts ?? 1;
	metrics.attempts.inc({ consumer: durable, attempt: String(attempts) }, 1);
	metrics.errors.inc({ module, reason: "retry" }, 1);
	if (attempts >= context.attempts_max) return bury(context, session, delivery, failure);
	const delay_ms = retryDelay(attempts, context, Math.random());
	log.warn(
		{
			consumer: durable,
			message_id: delivery.message_id,
			attempts,
			delay_ms,
			error: describe(delivery.outcome),
		},
		"a message failed and will be tried again",
	);
	delivery.message.nak(delay_ms);
}

/** Parks first and lets go after, so that a crash in between leaves the message twice, never nowhere. */
async function bury(
	context: SettleContext,
	session: Session,
	delivery: Settled,
	failure: Failure | undefined,
) {
	const { module, durable, stream, metrics, log } = context;
	const { message, message_id, outcome } = delivery;
	const reason = outcome.kind === "dead-letter" ? outcome.reason : "attempts exhausted";
	const now = Date.now();
	const error = "error" in outcome ? outcome.error : undefined;
	const letter: DeadLetter = {
		...fingerprintOf({ subject: message.subject, consumer: durable, reason, error }),
		module,
		reason,
		error: describe(outcome),
		message_id,
		order_id: orderOf(delivery),
		subject: message.subject,
		stream,
		sequence: message.seq,
		consumer: durable,
		attempts: Math.max(failure?.attempts ?? 1, 1),
		first_failed_ms: failure?.first_failed_at.getTime() ?? now,
		last_failed_ms: failure?.last_failed_at.getTime() ?? now,
		traceparent: delivery.event?.traceparent,
		headers: headerText(headerBytes(message)),
		data: message.data,
	};
	try {
		await park(session.js, letter);
	} catch (error) {
		log.error({ err: error, consumer: durable, message_id }, "a dead letter cannot be parked yet");
		message.nak(context.retry_last_ms);
		return;
	}
	// Before the original goes: what is left on record would be held against its redrive.
	if (message.redelivered) {
		await forgetFailures(context.database, context.schema, durable, [message_id]).catch(
			() => undefined,
		);
	}
	message.term(reason);
	metrics.dead_letters.inc({ module, reason }, 1);
	log.error({ consumer: durable, message_id, reason, error: describe(outcome) }, "dead letter");
}

/** Stops deliveries to every replica for a while, spends no attempt, and lets the next batch try. */
async function pause(context: SettleContext, session: Session, deliveries: readonly Settled[]) {
	const first = deliveries[0];
	if (first === undefined) return;
	const { durable, log } = context;
	const pause_ms = Math.max(...deliveries.map((it) => pauseOf(it.outcome) ?? context.pause_ms));
	log.warn(
		{ consumer: durable, pause_ms, error: describe(first.outcome) },
		"a dependency is away; consumer paused",
	);
	await context.pause.begin(session, pause_ms);
	await unspend(context, deliveries);
	giveBack(
		context,
		deliveries.map(({ message }) => message),
	);
}

/** What was put on record before these were handled did not happen. */
async function unspend(context: SettleContext, deliveries: readonly Settled[]) {
	const { database, schema, durable, log } = context;
	const begun = deliveries.flatMap(({ message_id, begun: it }) =>
		it === undefined ? [] : [{ message_id, counted: isCounted(it) }],
	);
	if (begun.length === 0) return;
	await withdrawBegun(database, schema, durable, begun).catch((error) =>
		log.warn({ err: error, consumer: durable }, "attempts that were none are still on record"),
	);
}

function pauseOf(outcome: Settled["outcome"]): number | undefined {
	return outcome.kind === "unavailable" ? outcome.pause_ms : undefined;
}

/** The order a message is about, as far as that can be read. */
function orderOf({ event, message }: Settled): string | undefined {
	if (event !== undefined) return "order_id" in event.data ? event.data.order_id : undefined;
	try {
		return identifier.safeParse(message.json<{ order_id?: unknown } | null>()?.order_id).data;
	} catch {
		return undefined;
	}
}

function describe(outcome: Settled["outcome"]): string {
	const error = "error" in outcome ? outcome.error : undefined;
	if (error instanceof Error) return `${error.name}: ${error.message}`;
	return error === undefined ? outcome.kind : String(error);
}
