/** Records in the order they were made. A changed record keeps its place. */
export interface Shelf<T> {
	readonly length: number;
	at(position: number): T | undefined;
	positionOf(id: string): number | undefined;
}

/** A shelf that grows. */
export interface OpenShelf<T> extends Shelf<T> {
	/** Answers what stood in its place before, if anything. */
	put(record: T, text: string): T | undefined;
	/** The JSON of the records from one position up to another. */
	texts(from: number, to: number): readonly string[];
}

/**
 * Keeps records as JSON: hundreds of thousands of them then cost a string each, and the collector
 * has next to nothing to look through.
 */
export function createShelf<T extends { readonly id: string }>(): OpenShelf<T> {
	const texts: string[] = [];
	const positions = new Map<string, number>();

	function at(position: number): T | undefined {
		const text = texts[position];
		return text === undefined ? undefined : JSON.parse(text);
	}

	return {
		get length() {
			return texts.length;
		},
		at,
		positionOf: (id) => positions.get(id),
		put({ id }, text) {
			const position = positions.get(id);
			if (position === undefined) {
				positions.set(id, texts.push(text) - 1);
				return undefined;
			}
			const before = at(position);
			texts[position] = text;
			return before;
		},
		texts: (from, to) => texts.slice(from, to),
	};
}

/** A shelf of the few records given. */
export function shelfOf<T extends { readonly id: string }>(records: readonly T[]): Shelf<T> {
	const positions = new Map(records.map(({ id }, position) => [id, position]));
	return {
		length: records.length,
		at: (position) => records[position],
		positionOf: (id) => positions.get(id),
	};
}
