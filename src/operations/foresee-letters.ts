import type { Subject } from "../contracts/events.ts";
import type { ConsumerDefinition } from "../messaging/consumer.ts";
import type { StoredLetter } from "../messaging/dead-letter-reader.ts";
import { readPayload } from "../messaging/delivery.ts";
import type { Foresight } from "../messaging/foresight.ts";
import type { IncomingEvent } from "../messaging/outcome.ts";

/** What a redrive of a letter would come to; `unknown` when nobody here can say. */
export interface Forecast {
	readonly sequence: number;
	readonly effect: Foresight["effect"] | "unknown";
	readonly says: string;
}

export type ForeseeLetters = (letters: readonly StoredLetter[]) => Promise<readonly Forecast[]>;

/** Asks the modules of this process what they would do with dead letters. */
export function createForesee(definitions: readonly ConsumerDefinition[]): ForeseeLetters {
	const byDurable = new Map(definitions.map((it) => [it.durable, it]));

	async function ofConsumer(consumer: string, letters: readonly StoredLetter[]) {
		const definition = byDurable.get(consumer);
		if (definition?.foresee === undefined) {
			const says = `${consumer} is not in this process: ask one that hosts its module`;
			return letters.map(({ sequence }): Forecast => ({ sequence, effect: "unknown", says }));
		}
		const read = letters.map((letter) => readLetter(letter, definition.subjects));
		const events = read.flatMap(({ event }) => (event === undefined ? [] : [event]));
		const foreseen = events.length > 0 ? [...(await definition.foresee(events))] : [];
		return read.map(({ sequence, event, unreadable }): Forecast => {
			const foresight = event === undefined ? undefined : foreseen.shift();
			return foresight
				? { sequence, ...foresight }
				: { sequence, effect: "fails", says: `${unreadable}: parked again` };
		});
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
		const found = new Map(forecasts.flat().map((forecast) => [forecast.sequence, forecast]));
		return letters.flatMap(({ sequence }) => found.get(sequence) ?? []);
	};
}

function readLetter({ sequence, subject, data }: StoredLetter, subjects: readonly Subject[]) {
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
