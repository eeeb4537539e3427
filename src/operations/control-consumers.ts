import type { Session } from "../messaging/connection.ts";
import {
	type Durable,
	listDurables,
	pauseDurable,
	type ReplayStart,
	replayDurable,
	resumeDurable,
} from "../messaging/durables.ts";
import { recorded } from "./record-act.ts";

/** There is no durable of that name. */
export class UnknownConsumerError extends Error {
	override readonly name = "UnknownConsumerError";
}

/** @throws UnknownConsumerError naming those that there are */
async function find(session: Session, name: string): Promise<Durable> {
	const durables = await listDurables(session);
	const found = durables.find(({ durable }) => durable === name);
	if (found !== undefined) return found;
	const names = durables.map(({ durable }) => durable).join(", ");
	throw new UnknownConsumerError(`There is no consumer ${name}. There are: ${names}.`);
}

export async function pauseConsumer(
	session: Session,
	operator: string,
	name: string,
	pause_s: number,
): Promise<Durable> {
	const durable = await find(session, name);
	const asked = { durable: name, pause_s };
	const work = () => pauseDurable(session, durable, pause_s * 1_000);
	await recorded(session, operator, "consumer.pause", asked, work, () => ({}));
	return find(session, name);
}

export async function resumeConsumer(
	session: Session,
	operator: string,
	name: string,
): Promise<Durable> {
	const durable = await find(session, name);
	const asked = { durable: name };
	const work = () => resumeDurable(session, durable);
	await recorded(session, operator, "consumer.resume", asked, work, () => ({}));
	return find(session, name);
}

/** @throws ReplayError when the broker cannot do that */
export async function replayConsumer(
	session: Session,
	operator: string,
	name: string,
	from: ReplayStart,
): Promise<Durable & { readonly from_sequence: number }> {
	const durable = await find(session, name);
	const from_sequence = await recorded(
		session,
		operator,
		"consumer.replay",
		{ durable: name, ...from },
		() => replayDurable(session, durable, from),
		(sequence) => ({ from_sequence: sequence }),
	);
	return { ...(await find(session, name)), from_sequence };
}
