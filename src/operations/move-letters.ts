import type { Session } from "../messaging/connection.ts";
import { copyTo, remove } from "../messaging/dead-letter-mover.ts";
import { recorded } from "./record-act.ts";
import { type Selection, selectLetters } from "./select-letters.ts";

/** Takes letters out that nothing should come of; they can be restored. @returns how many */
export function discardLetters(
	session: Session,
	operator: string,
	selection: Selection,
	why: string,
): Promise<number> {
	const move = { from: "parked", to: "discarded" } as const;
	return moveLetters(session, operator, selection, why, move);
}

/** Puts discarded letters back among those that wait for a decision. @returns how many */
export function restoreLetters(
	session: Session,
	operator: string,
	selection: Selection,
): Promise<number> {
	const move = { from: "discarded", to: "parked" } as const;
	return moveLetters(session, operator, selection, "", move);
}

function moveLetters(
	session: Session,
	operator: string,
	selection: Selection,
	why: string,
	{ from, to }: { readonly from: "parked" | "discarded"; readonly to: "parked" | "discarded" },
): Promise<number> {
	return recorded(
		session,
		operator,
		to === "discarded" ? "dead_letters.discard" : "dead_letters.restore",
		{ ...selection, ...(why !== "" && { why }) },
		async (act) => {
			let moved = 0;
			for await (const chunk of selectLetters(session, from, selection)) {
				await Promise.all(chunk.map((letter) => copyTo(session, to, letter, act, why)));
				await remove(session, chunk);
				moved += chunk.length;
			}
			return moved;
		},
		(moved) => ({ moved }),
	);
}
