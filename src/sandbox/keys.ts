import { ApiError, invalid } from "./api-error.ts";
import type { Place } from "./journal.ts";
import type { KeptAnswer } from "./records.ts";

const KEY_CHARACTERS_MAX = 255;

interface KnownKey {
	readonly params: number;
	readonly at_ms: number;
	/** Of the entry with its answer. */
	readonly place: Place;
}

/** What a key says about the request that carries it. */
export type KeyState = "new" | "forgotten" | Place;

/** The idempotency keys: which one answers again, and which one is at work. */
export interface Keys {
	/**
	 * @throws ApiError for a key too long, one used with other parameters, and one whose request is
	 * still at work
	 */
	look(key: string, params: number, now_ms: number): KeyState;
	begin(key: string, params: number): void;
	/** A request ended without an answer to keep. */
	end(key: string): void;
	/** A request ended with an answer that is in the ledger. */
	keep(answer: KeptAnswer, at_ms: number, place: Place): void;
	/** How many requests with a key are at work. */
	readonly at_work: number;
	/** Requests with a key that had been used and forgotten. */
	readonly late_posts: number;
}

/** Every key ever used is known for ever, so that a late one is told from a new one. */
export function createKeys(lifetime_ms: number): Keys {
	const known = new Map<string, KnownKey>();
	const at_work = new Map<string, number>();
	let late_posts = 0;

	return {
		look(key, params, now_ms) {
			if (key.length > KEY_CHARACTERS_MAX) {
				throw invalid(`Idempotency keys have at most ${KEY_CHARACTERS_MAX} characters.`);
			}
			const working = at_work.get(key);
			if (working !== undefined) throw working === params ? inUse(key) : otherParameters(key);
			const found = known.get(key);
			if (found === undefined) return "new";
			if (found.at_ms + lifetime_ms <= now_ms) return "forgotten";
			if (found.params !== params) throw otherParameters(key);
			return found.place;
		},
		begin: (key, params) => void at_work.set(key, params),
		end: (key) => void at_work.delete(key),
		keep({ key, params, late }, at_ms, place) {
			if (key !== undefined) known.set(key, { params, at_ms, place });
			if (late) late_posts++;
		},
		get at_work() {
			return at_work.size;
		},
		get late_posts() {
			return late_posts;
		},
	};
}

function otherParameters(key: string): ApiError {
	return new ApiError(400, {
		type: "idempotency_error",
		message: [
			"Keys for idempotent requests can only be used with the same parameters they were first used",
			`with. Try using a key other than '${key}' if you meant to execute a different request.`,
		].join(" "),
	});
}

function inUse(key: string): ApiError {
	return new ApiError(409, {
		type: "invalid_request_error",
		code: "idempotency_key_in_use",
		message: [
			"There is currently another in-progress request using this Idempotent Key (that probably means",
			`you submitted twice, and the other request is still going through): ${key}.`,
			"Please try again later.",
		].join(" "),
	});
}
