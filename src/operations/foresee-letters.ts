import { z } from "zod";
import type { Subject } from "../contracts/events.ts";
import { ask, type Responder } from "../messaging/ask.ts";
import type { Session } from "../messaging/connection.ts";
import type { ConsumerDefinition } from "../messaging/consumer.ts";
import type { StoredLetter } from "../messaging/dead-letter-reader.ts";
import { readPayload } from "../messaging/delivery.ts";
import type { IncomingEvent } from "../messaging/outcome.ts";

/** What a redrive of a letter would come to; `unknown` when nobody can say. */
export const forecast = z.object({
	sequence: z.int().min(1),
	effect: z.enum(["acts", "nothing", "fails", "unknown"]),
	says: z.string(),
});
export type Forecast = z.infer<typeof forecast>;

/** What of a letter a module has to know. */
type Question = Pick<StoredLetter, "sequence" | "subject" | "data">;

export type ForeseeLetters = (letters: readonly StoredLetter[]) => Promise<readonly Forecast[]>;

/** Some tens of a process' largest events; the broker's limit for a message is twice that. */
const QUESTION_BYTES_MAX = 500_000;
const ANSWER_MS_MAX = 5_000;
const subjectOf = (durable: string) => `millrace.foresee.${durable}`;

/** Asks the modules, here or in another process, what they would do with dead letters. */
export function createForesee(
	definitions: readonly ConsumerDefinition[],
	session: () => Promise<Session>,
): ForeseeLetters {
	const byDurable = new Map(definitions.map((it) => [it.durable, it]));

	async function ofConsumer(durable: string, letters: readonly StoredLetter[]) {
		const definition = byDurable.get(durable);
		if (definition !== undefined) return foreseeHere(definition, letters);
		const found: Forecast[] = [];
		for (const part of partsOf(letters)) {
			found.push(...(await foreseeElsewhere(await session(), durable, part)));
		}
		return found;
	}

	return async (letters) => {
		const consumers = [...new Set(letters.map(({ consumer }) => consumer))];
		const forecasts = await Promise.all(
			consumers.map((consumer) =>
				ofConsumer(
					consumer,
					letters.filter((letter) => letter.consumer === consumer),
				),
			),
		);
		const found = new Map(forecasts.flat().map((it) => [it.sequence, it]));
		return letters.flatMap(({ sequence }) => found.get(sequence) ?? []);
	};
}

const questions = z.array(z.object({ sequence: z.int(), subject: z.string(), data: z.base64() }));

/** Answers the same for processes that do not host these modules. */
export function foreseeResponders(definitions: readonly ConsumerDefinition[]): Responder[] {
	return definitions.map((definition) => ({
		subject: subjectOf(definition.durable),
		async answer(asked) {
			const letters = questions.parse(asked);
			return foreseeHere(
				definition,
				letters.map((it) => ({ ...it, data: Buffer.from(it.data, "base64") })),
			);
		},
	}));
}

async function foreseeElsewhere(
	session: Session,
	durable: string,
	letters: readonly StoredLetter[],
): Promise<readonly Forecast[]> {
	const asked = letters.map(({ sequence, subject, data }) => ({
		sequence,
		subject,
		data: Buffer.from(data).toString("base64"),
	}));
	const said = await ask(session, subjectOf(durable), asked, ANSWER_MS_MAX);
	const answer = z.array(forecast).safeParse(said);
	if (answer.success) return answer.data;
	const says = `no process that has ${durable} answers`;
	return letters.map(({ sequence }) => ({ sequence, effect: "unknown", says }));
}

function* partsOf(letters: readonly StoredLetter[]): Generator<readonly StoredLetter[]> {
	let part: StoredLetter[] = [];
	let bytes = 0;
	for (const letter of letters) {
		if (part.length > 0 && bytes + letter.data.length > QUESTION_BYTES_MAX) {
			yield part;
			part = [];
			bytes = 0;
		}
		part.push(letter);
		bytes += letter.data.length;
	}
	if (part.length > 0) yield part;
}

async function foreseeHere(
	{ durable, subjects, foresee }: ConsumerDefinition,
	letters: readonly Question[],
): Promise<readonly Forecast[]> {
	if (foresee === undefined) {
		const says = `${durable} cannot say`;
		return letters.map(({ sequence }) => ({ sequence, effect: "unknown", says }));
	}
	const read = letters.map((letter) => readLetter(letter, subjects));
	const events = read.flatMap(({ event }) => (event === undefined ? [] : [event]));
	const foreseen = events.length > 0 ? [...(await foresee(events))] : [];
	return read.map(({ sequence, event, unreadable }): Forecast => {
		const foresight = event === undefined ? undefined : foreseen.shift();
		return foresight
			? { sequence, ...foresight }
			: { sequence, effect: "fails", says: `${unreadable}: parked again` };
	});
}

function readLetter({ sequence, subject, data }: Question, subjects: readonly Subject[]) {
	const known = subjects.find((name) => name === subject);
	if (known === undefined)
		return { sequence, event: undefined, unreadable: `unknown subject ${subject}` };
	const payload = readPayload(known, data);
	if (payload.unreadable !== undefined)
		return { sequence, event: undefined, unreadable: payload.unreadable };
	const event = {
		subject: known,
		data: payload.data,
		message_id: payload.data.message_id,
		traceparent: undefined,
	} as IncomingEvent;
	return { sequence, event, unreadable: undefined };
}
