import { parseDuration } from "./duration.ts";
import type { FlagValues } from "./flags.ts";
import { UsageError } from "./usage-error.ts";

/** Which letters are meant, as the operators' API takes it. */
export type Selection =
	| { readonly sequences: readonly number[] }
	| { readonly filter: Readonly<Record<string, string | undefined>> };

/**
 * @param words the numbers of letters
 * @throws UsageError when neither letters nor a filter nor --all are named
 */
export function selectionOf(values: FlagValues, words: readonly string[]): Selection {
	if (words.length > 0) return { sequences: sequencesOf(words) };
	const { module, type, fingerprint, order } = values;
	const filter = {
		module,
		type,
		fingerprint,
		order_id: order,
		since: timeOf("--since", values.since),
		until: timeOf("--until", values.until),
	};
	if (values.all || Object.values(filter).some((value) => value !== undefined)) return { filter };
	throw new UsageError("Name letters by their numbers, or by a filter, or all of them by --all.");
}

/** @throws UsageError for what is no number of a letter */
export function sequencesOf(words: readonly string[]): readonly number[] {
	return words.map((word) => {
		if (/^[1-9]\d{0,14}$/.test(word)) return Number(word);
		throw new UsageError(`"${word}" is no letter; they have numbers, as in millrace dlq list.`);
	});
}

function timeOf(flag: string, text: string | undefined): string | undefined {
	if (text === undefined) return undefined;
	const ago_ms = parseDuration(text);
	const time_ms = ago_ms === undefined ? Date.parse(text) : Date.now() - ago_ms;
	if (!Number.isNaN(time_ms)) return new Date(time_ms).toISOString();
	throw new UsageError(`${flag} takes a time such as 24h or 2026-01-31T12:00:00Z, not "${text}".`);
}
