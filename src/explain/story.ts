/** One thing that happened to an order, or stands as it does now. */
export interface Scene {
	/** RFC 3339; empty where it is not known. */
	readonly at: string;
	/** Where it is written: the log, a table, or the dead letters. */
	readonly source: "log" | "table" | "dead letters";
	/** A subject of an event, a row, a failure, a dead letter. */
	readonly what: string;
	/** Its place in the audit log. */
	readonly log_index?: number;
	readonly trace_id?: string | undefined;
	readonly details: Readonly<Record<string, unknown>>;
}

/** All that is known of an order, in the order of time. */
export interface Story {
	readonly order_id: string;
	/** Where something could not be asked, and why: the story is told without it. */
	readonly without: readonly string[];
	readonly scenes: readonly Scene[];
}

/** In the order of time; at one moment, in the order of the log. */
export function inTime(scenes: readonly Scene[]): Scene[] {
	return scenes.toSorted(
		(one, other) => time(one) - time(other) || (one.log_index ?? 0) - (other.log_index ?? 0),
	);
}

/** What has no time comes last. */
function time({ at }: Scene): number {
	return at === "" ? Number.MAX_SAFE_INTEGER : Date.parse(at);
}
