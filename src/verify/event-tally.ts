import { contracts, type Subject } from "../contracts/events.ts";

/** How often the log has each event of an order. */
export interface EventTally {
	/** Two bits a subject, in the order of the contracts: 0, 1, 2, or 3 for more. */
	readonly times: number;
	/** The refund of each `payments.refunded.v1`, as an order can have several. */
	readonly refund_ids: readonly string[];
}

/** Every subject that there is. */
export const subjects = Object.keys(contracts) as readonly Subject[];

const BITS = 2;
const MOST = 2 ** BITS - 1;
const positions = new Map(subjects.map((subject, position) => [subject as string, position]));
if (subjects.length * BITS > 30)
	throw new Error("there are more subjects than a tally has room for");

/** Orders go few ways, so that few tallies are made, however many orders there are. */
const withoutRefunds = new Map<number, EventTally>();

function tallyOfTimes(times: number): EventTally {
	const known = withoutRefunds.get(times);
	if (known !== undefined) return known;
	const tally = { times, refund_ids: [] };
	withoutRefunds.set(times, tally);
	return tally;
}

export const NO_EVENTS = tallyOfTimes(0);

/** One event. @param refund_id of `payments.refunded.v1` */
export function tallyOf(subject: Subject, refund_id?: string): EventTally {
	const times = 1 << ((positions.get(subject) ?? 0) * BITS);
	return refund_id === undefined ? tallyOfTimes(times) : { times, refund_ids: [refund_id] };
}

export function timesOf({ times }: EventTally, subject: Subject): number {
	return (times >> ((positions.get(subject) ?? 0) * BITS)) & MOST;
}

export function addTallies(one: EventTally, other: EventTally): EventTally {
	const times = addTimes(one.times, other.times);
	if (one.refund_ids.length + other.refund_ids.length === 0) return tallyOfTimes(times);
	return { times, refund_ids: [...one.refund_ids, ...other.refund_ids] };
}

function addTimes(one: number, other: number): number {
	// Nothing in common is by far the most frequent case.
	if ((one & other) === 0 && ((one | other) & 0x2aaaaaaa) === 0) return one | other;
	let sum = 0;
	for (let at = 0; at < subjects.length * BITS; at += BITS) {
		const both = ((one >> at) & MOST) + ((other >> at) & MOST);
		sum |= Math.min(both, MOST) << at;
	}
	return sum;
}

export function encodeTally({ times, refund_ids }: EventTally): string {
	return refund_ids.length === 0 ? `${times}` : [times, ...refund_ids].join(" ");
}

export function decodeTally(text: string): EventTally {
	if (!text.includes(" ")) return tallyOfTimes(Number(text));
	const [times, ...refund_ids] = text.split(" ");
	return { times: Number(times), refund_ids };
}
