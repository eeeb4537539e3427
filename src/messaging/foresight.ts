import type { Subject } from "../contracts/events.ts";
import type { IncomingEvent } from "./outcome.ts";

/**
 * What handling an event would come to now. `acts`: something changes. `nothing`: it is settled, and nothing
 * changes. `fails`: it becomes a dead letter again.
 */
export interface Foresight {
	readonly effect: "acts" | "nothing" | "fails";
	/** For people. */
	readonly says: string;
}

/** Looks at what is written down, and changes nothing; says it of each event, in their order. */
export type Foresee<S extends Subject> = (
	events: readonly IncomingEvent<S>[],
) => Promise<readonly Foresight[]>;

/** A time as foresights say it. */
export function when(time: Date): string {
	return `${time.toISOString().slice(0, 19)}Z`;
}
