import { within } from "../../lifecycle.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Moving } from "./move-money.ts";

/**
 * Waits until all of it is written down, or `straggler_ms` at most. What is slower goes on by itself; what
 * then goes wrong is logged, and done again by whoever claims it next.
 * @throws what went wrong in that time
 */
export async function writtenWithin(moving: Moving, straggler_ms: number, log: Log): Promise<void> {
	const finished = await within(
		straggler_ms,
		moving.finished.then(() => true),
	);
	if (finished) return;
	moving.finished.catch((error) =>
		log.warn({ err: error, charges: moving.open().length }, "slow charges were not written down"),
	);
}
