import { invalid, missing } from "./api-error.ts";
import { type Form, under } from "./form.ts";
import { knownOnly } from "./parameters.ts";
import { seconds } from "./render.ts";
import type { Shelf } from "./shelf.ts";

const LIMIT = 10;
const LIMIT_MAX = 100;

/** Some of the records, the newest first, and whether there are more in that direction. */
export interface Page<T> {
	readonly data: readonly T[];
	readonly has_more: boolean;
}

/** Something listed under its id and the time it was made. */
interface Listed {
	readonly id: string;
	readonly created_ms: number;
}

/**
 * The page that `created`, `limit`, `starting_after` and `ending_before` of the query ask for.
 * @param more names that the query may have besides
 * @throws ApiError for parameters that cannot be
 */
export function pageOf<T extends Listed>(
	records: Shelf<T>,
	query: Form,
	more: readonly string[],
): Page<T> {
	knownOnly(query, new Set(["created", "limit", "starting_after", "ending_before", ...more]));
	const limit = limitOf(query);
	const fits = createdFilter(query);
	const [after, before] = [query.get("starting_after"), query.get("ending_before")];
	if (after !== undefined && before !== undefined) {
		throw invalid("You can only pass one of starting_after and ending_before.", "ending_before");
	}
	const cursor = (id: string, param: string) =>
		records.positionOf(id) ?? raise(missing("object", id, param, 400));
	if (before !== undefined) {
		const newer = collect(records, cursor(before, "ending_before") + 1, 1, limit, fits);
		return { data: newer.data.toReversed(), has_more: newer.has_more };
	}
	const from = after === undefined ? records.length : cursor(after, "starting_after");
	return collect(records, from - 1, -1, limit, fits);
}

export function limitOf(query: Form): number {
	const text = query.get("limit") ?? `${LIMIT}`;
	const limit = Number(text);
	if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
		throw invalid(`Invalid limit: ${text}. It goes from 1 to ${LIMIT_MAX}.`, "limit");
	}
	return limit;
}

/** Whether a second lies in the range; `past` says that nothing older can. */
interface Range {
	holds(created: number): boolean;
	past(created: number): boolean;
}

function createdFilter(query: Form): Range {
	const exactly = query.get("created");
	const bounds = exactly === undefined ? under(query, "created") : { gte: exactly, lte: exactly };
	const numbers: Record<string, number> = {};
	for (const [name, text] of Object.entries(bounds)) {
		if (!/^(gt|gte|lt|lte)$/.test(name) || !/^\d+$/.test(text)) {
			throw invalid(`Invalid created filter: ${name} ${text}`, `created[${name}]`);
		}
		numbers[name] = Number(text);
	}
	const {
		gt = -1,
		gte = -1,
		lt = Number.POSITIVE_INFINITY,
		lte = Number.POSITIVE_INFINITY,
	} = numbers;
	const past = (created: number) => created <= gt || created < gte;
	return { past, holds: (created) => !past(created) && created < lt && created <= lte };
}

function collect<T extends Listed>(
	records: Shelf<T>,
	from: number,
	step: 1 | -1,
	limit: number,
	range: Range,
): Page<T> {
	const data: T[] = [];
	for (let at = from; ; at += step) {
		const record = records.at(at);
		if (record === undefined) return { data, has_more: false };
		const created = seconds(record.created_ms);
		if (step === -1 && range.past(created)) return { data, has_more: false };
		if (!range.holds(created)) continue;
		if (data.length === limit) return { data, has_more: true };
		data.push(record);
	}
}

function raise(error: Error): never {
	throw error;
}
