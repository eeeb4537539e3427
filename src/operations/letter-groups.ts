import type { ModuleName } from "../contracts/streams.ts";
import type { StoredLetter } from "../messaging/dead-letter-reader.ts";

/** Dead letters of one consumer that failed in the same way. */
export interface LetterGroup {
	readonly fingerprint: string;
	readonly module: ModuleName;
	readonly consumer: string;
	readonly reason: string;
	readonly error_type: string;
	readonly error_place: string;
	readonly letters: number;
	/** Of them, those that failed again after a redrive. */
	readonly redriven: number;
	readonly first_parked_at: string;
	readonly last_parked_at: string;
	/** The youngest of them. */
	readonly example_sequence: number;
	readonly example_error: string;
}

type Growing = { -readonly [K in keyof LetterGroup]: LetterGroup[K] };

/** Puts letters together that failed alike; the largest group comes first. */
export function createGrouping() {
	const groups = new Map<string, Growing>();
	return {
		add(letter: StoredLetter) {
			const { fingerprint, module, consumer, reason, error_type, error_place } = letter;
			const key = `${fingerprint} ${consumer} ${reason}`;
			const group = groups.get(key) ?? {
				fingerprint,
				module,
				consumer,
				reason,
				error_type,
				error_place,
				letters: 0,
				redriven: 0,
				first_parked_at: letter.parked_at,
				last_parked_at: letter.parked_at,
				example_sequence: letter.sequence,
				example_error: letter.error,
			};
			group.letters += 1;
			if (letter.redrives > 0) group.redriven += 1;
			group.last_parked_at = letter.parked_at;
			group.example_sequence = letter.sequence;
			group.example_error = letter.error;
			groups.set(key, group);
		},
		groups: (): readonly LetterGroup[] =>
			[...groups.values()].sort((one, other) => other.letters - one.letters),
	};
}
