import type { ModuleName } from "../contracts/streams.ts";
import type { StoredLetter } from "../messaging/dead-letter-reader.ts";

/** Which dead letters are meant; what is left out does not narrow. Times in RFC 3339, of when it was parked. */
export interface LetterFilter {
	readonly module?: ModuleName | undefined;
	/** The subject of the event. */
	readonly type?: string | undefined;
	readonly fingerprint?: string | undefined;
	readonly order_id?: string | undefined;
	readonly since?: string | undefined;
	readonly until?: string | undefined;
}

/** A filter as a question that is quick to ask of many letters. */
export function matcherOf(filter: LetterFilter): (letter: StoredLetter) => boolean {
	const since_ms = filter.since === undefined ? 0 : Date.parse(filter.since);
	const until_ms = filter.until === undefined ? Number.POSITIVE_INFINITY : Date.parse(filter.until);
	const is = (wanted: string | undefined, found: string | undefined) =>
		wanted === undefined || wanted === found;
	return (letter) => {
		const parked_ms = Date.parse(letter.parked_at);
		return (
			is(filter.module, letter.module) &&
			is(filter.type, letter.subject) &&
			is(filter.fingerprint, letter.fingerprint) &&
			is(filter.order_id, letter.order_id) &&
			parked_ms >= since_ms &&
			parked_ms <= until_ms
		);
	};
}
