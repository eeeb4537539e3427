import type { Msg } from "nats";
import type { Part } from "../lifecycle.ts";
import type { Broker, Session } from "./connection.ts";

const decoder = new TextDecoder();

export interface Responder {
	/** No subject of any stream. One of the processes that answer it gets each question. */
	readonly subject: string;
	/** Takes and answers JSON. */
	answer(question: unknown): Promise<unknown>;
}

/** Answers questions of other processes as long as it runs. */
export function createResponders(broker: Broker, responders: readonly Responder[]): Part {
	let unsubscribe = () => {};
	let stopped = false;

	async function subscribe() {
		const { nc } = await broker.ready;
		if (stopped) return;
		const subscriptions = responders.map(({ subject, answer }) =>
			nc.subscribe(subject, {
				queue: subject,
				callback(error, message) {
					if (!error) void respond(message, answer);
				},
			}),
		);
		unsubscribe = () => {
			for (const subscription of subscriptions) subscription.unsubscribe();
		};
	}

	return {
		name: "answers for other processes",
		async start() {
			void subscribe();
		},
		async stop() {
			stopped = true;
			unsubscribe();
		},
	};
}

/** A question that cannot be answered runs out of time: whoever asked says so best. */
async function respond(message: Msg, answer: Responder["answer"]): Promise<void> {
	try {
		const answered = await answer(JSON.parse(decoder.decode(message.data)));
		message.respond(JSON.stringify(answered));
	} catch {}
}

/** @returns undefined when nobody answers in time */
export async function ask(
	{ nc }: Session,
	subject: string,
	question: object,
	answer_ms_max: number,
): Promise<unknown> {
	try {
		const answer = await nc.request(subject, JSON.stringify(question), { timeout: answer_ms_max });
		return JSON.parse(decoder.decode(answer.data));
	} catch {
		return undefined;
	}
}
