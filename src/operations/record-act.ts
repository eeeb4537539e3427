import { createEvent } from "../contracts/events.ts";
import type { OperatorAction } from "../contracts/operation-events.ts";
import type { Session } from "../messaging/connection.ts";
import type { Act } from "../messaging/dead-letter-mover.ts";
import { publishEvents } from "../messaging/publish.ts";

/** Whatever would not fit into the event is cut. */
const DETAILS_CHARACTERS_MAX = 16_000;

/**
 * Says in an event that an operator begins to act, which the audit log records, then lets him, then says
 * what came of it. When the first cannot be said, nothing is done.
 */
export async function recorded<T>(
	session: Session,
	operator: string,
	action: OperatorAction,
	asked: object,
	work: (act: Act) => Promise<T>,
	outcomeOf: (result: T) => object,
): Promise<T> {
	const act = { action_id: Bun.randomUUIDv7(), operator, at: new Date().toISOString() };
	await say(session, act, action, "begun", asked);
	try {
		const result = await work(act);
		await say(session, act, action, "ended", outcomeOf(result));
		return result;
	} catch (error) {
		const said = { error: error instanceof Error ? error.message : String(error) };
		await say(session, act, action, "ended", said).catch(() => undefined);
		throw error;
	}
}

async function say(
	{ js }: Session,
	{ action_id, operator }: Act,
	action: OperatorAction,
	phase: "begun" | "ended",
	details: object,
) {
	const event = createEvent(
		"operations.acted.v1",
		`${action_id}/${phase}`,
		{
			action_id,
			operator,
			action,
			phase,
			details: JSON.stringify(details).slice(0, DETAILS_CHARACTERS_MAX),
			occurred_at: new Date().toISOString(),
		},
		undefined,
	);
	await publishEvents(js, [event], false);
}
