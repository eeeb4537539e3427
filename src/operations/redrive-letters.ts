import { crashPoint } from "../crash-point.ts";
import type { Session } from "../messaging/connection.ts";
import { type Act, copyTo, remove, sendAgain } from "../messaging/dead-letter-mover.ts";
import { lastSequence, type StoredLetter, watchLetters } from "../messaging/dead-letter-reader.ts";
import type { Edit } from "./edit-letter.ts";
import { recorded } from "./record-act.ts";
import { type Selection, selectLetters } from "./select-letters.ts";
import { withoutPersonal } from "./without-personal.ts";

export interface RedriveOptions {
	readonly operator: string;
	readonly selection: Selection;
	/** Messages a second at most. */
	readonly per_second: number;
	/** Stops when more than this share of what was sent has come back. */
	readonly returned_share_max: number;
}

/** How far a redrive is. */
export interface RedriveProgress {
	readonly action_id: string;
	readonly sent: number;
	/** Of them, those that became dead letters again while it ran. */
	readonly returned: number;
	/** Why it ended early. */
	readonly stopped?: string;
}

/** Fewer say nothing about a share. */
const SENT_MIN = 20;
const PART_LETTERS = 500;
/** A part holds no more than so long a time may send. */
const PART_SECONDS = 0.25;

/**
 * Sends letters again and takes them off the shelf: first the one, then the other, so that a crash in
 * between sends a message twice and loses none.
 * @param tell is told after each part; when it answers false the redrive ends
 */
export async function redriveLetters(
	session: Session,
	options: RedriveOptions,
	tell: (progress: RedriveProgress) => boolean,
): Promise<RedriveProgress> {
	const { operator, selection } = options;
	const next = (await lastSequence(session, "parked")) + 1;
	return recorded(
		session,
		operator,
		"dead_letters.redrive",
		selection,
		async (act) => {
			const returned = await countReturned(session, act, next);
			try {
				return await sendAll(session, options, act, returned.count, tell);
			} finally {
				await returned.stop();
			}
		},
		(progress) => progress,
	);
}

async function sendAll(
	session: Session,
	options: RedriveOptions,
	act: Act,
	returned: () => number,
	tell: (progress: RedriveProgress) => boolean,
): Promise<RedriveProgress> {
	const part_letters = Math.max(
		1,
		Math.min(PART_LETTERS, Math.floor(options.per_second * PART_SECONDS)),
	);
	const begun_ms = performance.now();
	let sent = 0;
	let removing: Promise<void> = Promise.resolve();
	const progress = () => ({ action_id: act.action_id, sent, returned: returned() });

	/** The letters of one part are taken off while the next part is sent. */
	async function sendPart(part: readonly StoredLetter[]) {
		const early_ms = (sent / options.per_second) * 1_000 - (performance.now() - begun_ms);
		if (early_ms > 0) await Bun.sleep(early_ms);
		await Promise.all([...part.map((letter) => sendAgain(session, letter, act)), removing]);
		crashPoint("letters-sent");
		removing = remove(session, part);
		// Its failure is met where it is waited for.
		removing.catch(() => undefined);
		sent += part.length;
	}

	function reasonToStop(): string | undefined {
		if (!tell(progress())) return "by the operator";
		const too_many = sent >= SENT_MIN && returned() > sent * options.returned_share_max;
		return too_many ? "too many failed again" : undefined;
	}

	for await (const chunk of selectLetters(session, "parked", options.selection)) {
		for (let at = 0; at < chunk.length; at += part_letters) {
			await sendPart(chunk.slice(at, at + part_letters));
			const stopped = reasonToStop();
			if (stopped === undefined) continue;
			await removing;
			return { ...progress(), stopped };
		}
	}
	await removing;
	return progress();
}

/** Counts dead letters that come of a redrive. */
async function countReturned(session: Session, { action_id }: Act, from_sequence: number) {
	let count = 0;
	const watch = await watchLetters(session, from_sequence, ({ redrive }) => {
		if (redrive === action_id) count += 1;
	});
	return { count: () => count, stop: watch.stop };
}

/** Sends an edited message in place of a letter's own, and keeps the letter among the discarded. */
export async function redriveEdited(
	session: Session,
	operator: string,
	letter: StoredLetter,
	{ changes, replacement }: Edit,
): Promise<void> {
	const { sequence, message_id } = letter;
	const { message_id: replaced_by } = replacement;
	await recorded(
		session,
		operator,
		"dead_letters.edit",
		{ sequence, message_id, replaced_by, changes: changes.map(withoutPersonal) },
		async (act) => {
			await sendAgain(session, letter, act, replacement);
			await copyTo(session, "discarded", letter, act, `replaced by ${replaced_by}`);
			await remove(session, [letter]);
		},
		() => ({ sent: 1 }),
	);
}
