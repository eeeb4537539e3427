import type { LiveOrder } from "./live-rows.ts";
import type { LiveStore } from "./live-store.ts";
import type { RebuiltStore } from "./rebuilt-store.ts";
import type { Told } from "./told.ts";

/** What is known of one order, on either side. */
export interface KnownOrder {
	readonly order_id: string;
	readonly told: Told | undefined;
	readonly found: LiveOrder | undefined;
}

const ORDERS_A_PAGE = 2_000;

/** Orders that the log or a table knows of, in the order of their ids. */
export async function* pages(
	rebuilt: RebuiltStore,
	live: LiveStore | undefined,
): AsyncGenerator<readonly KnownOrder[]> {
	for (let after = ""; ; ) {
		const known = [
			rebuilt.ids(after, ORDERS_A_PAGE),
			(await live?.ids(after, ORDERS_A_PAGE)) ?? [],
		];
		// Behind the end of a list that is full there may be more of its side.
		const ends = known.flatMap((ids) => (ids.length === ORDERS_A_PAGE ? [ids.at(-1) ?? ""] : []));
		const end = ends.sort()[0];
		const ids = [...new Set(known.flat())].filter((id) => end === undefined || id <= end).sort();
		const until = ids.at(-1);
		if (until === undefined) return;
		const told = rebuilt.range(after, until, ORDERS_A_PAGE);
		const found = await live?.range(after, until);
		yield ids.map((id) => ({ order_id: id, told: told.get(id), found: found?.get(id) }));
		if (end === undefined) return;
		after = until;
	}
}
