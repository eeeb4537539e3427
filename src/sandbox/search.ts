import { invalid } from "./api-error.ts";
import type { Form } from "./form.ts";
import { limitOf, type Page } from "./page.ts";
import { knownOnly } from "./parameters.ts";
import type { Intent } from "./records.ts";
import type { Shelf } from "./shelf.ts";

const NAMES = new Set(["query", "limit", "page"]);
const CLAUSE = /^(?:metadata\[(['"])((?:\\.|(?!\1).)*)\1\]|(status)):(['"])((?:\\.|(?!\4).)*)\4$/;

interface Clause {
	/** Undefined for the status. */
	readonly metadata: string | undefined;
	readonly value: string;
}

export interface Found extends Page<Intent> {
	readonly next_page: string | null;
}

/**
 * Finds intents by their metadata and status, the newest first.
 * @param intents may grow; their metadata does not change
 */
export function createSearch(intents: Pick<Shelf<Intent>, "length" | "at">) {
	// Made at the first search and then carried on: who never searches does not pay for it.
	const positions = new Map<string, number[]>();
	let indexed = 0;

	function index() {
		for (let intent = intents.at(indexed); intent; intent = intents.at(indexed)) {
			for (const [key, value] of Object.entries(intent.metadata)) {
				const pair = pairOf(key, value);
				const known = positions.get(pair);
				if (known === undefined) positions.set(pair, [indexed]);
				else known.push(indexed);
			}
			indexed++;
		}
	}

	/** Positions that the clauses leave, oldest first; undefined when they leave all. */
	function candidates(clauses: readonly Clause[]): readonly number[] | undefined {
		const lists = clauses.flatMap(({ metadata, value }) =>
			metadata === undefined ? [] : [positions.get(pairOf(metadata, value)) ?? []],
		);
		return lists.sort((one, other) => one.length - other.length)[0];
	}

	/** @throws ApiError for a query that we do not understand */
	return function search(form: Form): Found {
		knownOnly(form, NAMES);
		const limit = limitOf(form);
		const clauses = parseQuery(form.get("query") ?? "");
		index();
		const before = pagePosition(form) ?? intents.length;
		const fits = (position: number) => {
			const intent = position < before ? intents.at(position) : undefined;
			return intent !== undefined && matches(intent, clauses);
		};
		const found = lastOf(candidates(clauses), before, fits, limit + 1);
		const positions_shown = found.slice(0, limit);
		const has_more = found.length > limit;
		return {
			data: positions_shown.flatMap((position) => intents.at(position) ?? []),
			has_more,
			next_page: has_more ? `${positions_shown.at(-1)}` : null,
		};
	};
}

function parseQuery(query: string): readonly Clause[] {
	return query
		.trim()
		.split(/\s+AND\s+/i)
		.map((text) => {
			const match = CLAUSE.exec(text);
			if (match === null) {
				throw invalid(
					`We cannot read "${text}". There is metadata['key']:'value' and status:'succeeded', joined by AND.`,
					"query",
				);
			}
			const plain = (quoted: string) => quoted.replaceAll(/\\(.)/g, "$1");
			const [, , key, status, , value = ""] = match;
			const metadata = status === undefined ? plain(key ?? "") : undefined;
			return { metadata, value: plain(value) };
		});
}

function matches(intent: Intent, clauses: readonly Clause[]): boolean {
	return clauses.every(({ metadata, value }) =>
		metadata === undefined ? intent.status === value : intent.metadata[metadata] === value,
	);
}

function pagePosition(form: Form): number | undefined {
	const page = form.get("page");
	if (page === undefined) return undefined;
	if (!/^\d+$/.test(page)) throw invalid(`Invalid page: ${page}`, "page");
	return Number(page);
}

function pairOf(key: string, value: string): string {
	return `${key}\0${value}`;
}

/** The last positions that fit, the last one first, at most `count`. */
function lastOf(
	positions: readonly number[] | undefined,
	length: number,
	fits: (position: number) => boolean,
	count: number,
): number[] {
	const found: number[] = [];
	for (let at = (positions?.length ?? length) - 1; at >= 0 && found.length < count; at--) {
		const position = positions === undefined ? at : (positions[at] ?? at);
		if (fits(position)) found.push(position);
	}
	return found;
}
