import type { Log } from "../../telemetry/log.ts";
import type { Moving } from "./move-money.ts";

/**
 * Waits until all of it is written down, or `straggler_ms` at most. What is slower goes on by itself; what
 * then goes wrong is logged, and done again by whoever claims it next.
 * @throws what went wrong in that time
 */
export async function writtenWithin(moving: Moving, straggler_ms: number, log: Log): Promise<void> {
	const late = Promise.withResolvers<"late">();
	const timer = setTimeout(late.resolve, straggler_ms, "late");
	try {
		const first = await Promise.race([moving.finished, late.promise]);
		if (first !== "late") return;
	} finally {
		clearTimeout(timer);
	}
	moving.finished.catch((error) =>
		log.warn({ err: error, charges: moving.open().length }, "slow charges were not written down"),
	);
}
