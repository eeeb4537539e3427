import type { Subject } from "../contracts/events.ts";
import type { Database } from "../database/connection.ts";
import type { Delivery } from "./delivery.ts";
import { countBegun, type Failure, noteBegun } from "./failures.ts";

/**
 * A message that was delivered more often than this may be one that its handler's process does not
 * survive. The broker's count is only a hint: it also grows when a process is killed from outside, and
 * with every pause.
 */
const DELIVERIES_UNSUSPECTED = 2;

export interface ExamineNeeds<S extends Subject> {
	readonly database: Database;
	readonly schema: string;
	readonly durable: string;
	readonly attempts_max: number;
	/** Handles deliveries as one batch and settles them. */
	handle(deliveries: readonly Delivery<S>[]): Promise<void>;
	/** Settles deliveries whose outcome is known. */
	settle(deliveries: readonly Delivery<S>[]): Promise<void>;
	/** Whether a dependency went away meanwhile; what is not handled yet is given back then. */
	resting(): boolean;
	giveBack(deliveries: readonly Delivery<S>[]): void;
	/** Says that deliveries are still in hand, so that they do not come again. */
	keep(deliveries: readonly Delivery<S>[]): void;
	/** How long the broker waits before it delivers again. */
	readonly ack_wait_ms: number;
	/** Resolves when what was settled so far has left the process. */
	flush(): Promise<void>;
}

/** Whether a message has to be handled with care. */
export function isSuspect({ message, event }: Delivery<Subject>): boolean {
	if (event === undefined || !message.redelivered) return false;
	return message.info.deliveryCount > DELIVERIES_UNSUSPECTED;
}

/**
 * Handles suspects so that a message that ends the process again and again is found and parked, and
 * its neighbours are not. That they are about to be handled is put on record first. Those of which that
 * was not on record are handled together: if the process ends, it is there the next time. Those of which
 * it was, so that nobody knows how it ended, are handled alone, one after the other, each with its attempt
 * counted before, so that only the one in hand loses it when the process ends.
 */
export async function examine<S extends Subject>(
	needs: ExamineNeeds<S>,
	suspects: readonly Delivery<S>[],
): Promise<void> {
	const { database, schema, durable } = needs;
	const ids = [...new Set(suspects.map(({ message_id }) => message_id))];
	const found = await noteBegun(database, schema, durable, ids).catch((error) => {
		for (const suspect of suspects) suspect.outcome = { kind: "unavailable", error };
	});
	if (found === undefined) return needs.settle(suspects);
	const records = new Map(found.map((failure) => [failure.message_id, failure]));
	const first = suspects.filter(({ message_id }) => !records.has(message_id));
	for (const suspect of first) suspect.begun = { ...unspent(), message_id: suspect.message_id };
	if (first.length > 0) await needs.handle(first);
	const known = suspects.flatMap((suspect) => {
		const failure = records.get(suspect.message_id);
		return failure === undefined ? [] : [{ suspect, failure }];
	});
	// Whoever has cost the most attempts comes last, so that it does not hold up the others again.
	known.sort((one, other) => one.failure.attempts - other.failure.attempts);
	await oneByOne(needs, known);
}

/** What waits its turn is kept in hand: a second copy of it would be handled together with others. */
async function oneByOne<S extends Subject>(
	needs: ExamineNeeds<S>,
	known: ReadonlyArray<{ readonly suspect: Delivery<S>; readonly failure: Failure }>,
) {
	let at = 0;
	const waiting = () => known.slice(at).map(({ suspect }) => suspect);
	const keeping = setInterval(() => needs.keep(waiting()), needs.ack_wait_ms / 3);
	try {
		for (const { suspect, failure } of known) {
			if (needs.resting()) return needs.giveBack(waiting());
			at += 1;
			await alone(needs, suspect, failure);
		}
	} finally {
		clearInterval(keeping);
	}
}

async function alone<S extends Subject>(
	needs: ExamineNeeds<S>,
	suspect: Delivery<S>,
	failure: Failure,
) {
	if (failure.attempts >= needs.attempts_max) {
		suspect.begun = failure;
		const error = `the process ended ${failure.attempts} times while it handled this message`;
		suspect.outcome = { kind: "dead-letter", reason: "crash loop", error };
		return needs.settle([suspect]);
	}
	await inTurn(async () => {
		await needs.flush();
		const { database, schema, durable } = needs;
		suspect.begun = await countBegun(database, schema, durable, suspect.message_id);
		await needs.handle([suspect]);
	});
}

function unspent(): Omit<Failure, "message_id"> {
	const now = new Date();
	return { attempts: 0, first_failed_at: now, last_failed_at: now };
}

let last: Promise<unknown> = Promise.resolve();

/** One suspect at a time in the whole process: its end would be blamed on all that are handled alone. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
	const result = last.then(work);
	last = result.catch(() => undefined);
	return result;
}
