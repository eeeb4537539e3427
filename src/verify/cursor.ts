/** Rows in the order of their order ids, one after the other. */
export interface Cursor<T> {
	/** Of the next row; undefined at the end. Not known while `fill` has to be called. */
	readonly key: string | undefined;
	/** Whether `fill` has to be called first: a promise for each row would cost more than the row. */
	readonly empty: boolean;
	fill(): Promise<void>;
	take(): T;
}

/** Reads pages one ahead. @param next reads the page behind a row; undefined is the first */
export function pagedCursor<T extends { readonly order_id: string }>(
	next: (last: T | undefined) => Promise<readonly T[]>,
	rows_max: number,
): Cursor<T> {
	let page: readonly T[] = [];
	let at = 0;
	let ahead: Promise<readonly T[]> | undefined = next(undefined);
	// It is awaited later: until then a failure is nobody's.
	ahead.catch(() => {});
	return {
		get key() {
			return page[at]?.order_id;
		},
		get empty() {
			return at === page.length && ahead !== undefined;
		},
		async fill() {
			page = (await ahead) ?? [];
			at = 0;
			ahead = page.length < rows_max ? undefined : next(page.at(-1));
			ahead?.catch(() => {});
		},
		take() {
			const row = page[at] as T;
			at += 1;
			return row;
		},
	};
}

/** The same over what is sorted already. */
export function sortedCursor<T>(sorted: Iterator<readonly [key: string, value: T]>): Cursor<T> {
	let head = sorted.next();
	return {
		get key() {
			return head.done ? undefined : head.value[0];
		},
		empty: false,
		async fill() {},
		take() {
			const [, value] = head.value as readonly [string, T];
			head = sorted.next();
			return value;
		},
	};
}
