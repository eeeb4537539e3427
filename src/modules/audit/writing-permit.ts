import type { Lock } from "../../database/lock.ts";
import type { Permit } from "../../object-store/object-store.ts";
import { NotSequencerError } from "./record-event.ts";

/** A lock that was held so short a time ago need not be asked for. */
export const TRUSTED_MS = 500;

/**
 * Lets somebody write while he has the lock. A process may stand still between any two steps and lose it
 * meanwhile, so it is asked for behind the last pause: whoever has the lock next waits for what is left.
 */
export function permitOf({ isHeld }: Lock): Permit {
	let held_ms = Number.NEGATIVE_INFINITY;
	return async () => {
		const asked_ms = performance.now();
		if (asked_ms - held_ms < TRUSTED_MS) return;
		if (!(await isHeld())) throw new NotSequencerError("the log's lock is lost");
		held_ms = asked_ms;
	};
}
