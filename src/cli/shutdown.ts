import { type Part, within } from "../lifecycle.ts";
import type { Log } from "../telemetry/log.ts";

/** Stops a part and answers the exit code: 1 when it is not done in time or fails, and the log says where. */
export async function stopWithin(part: Part, grace_ms: number, log: Log): Promise<number> {
	try {
		const stopped = await within(
			grace_ms,
			part.stop().then(() => true),
		);
		if (stopped) return 0;
		log.error({ part: part.stopping?.() ?? part.name, grace_ms }, "the stop takes too long");
	} catch (error) {
		log.error({ err: error }, "the stop was not in order");
	}
	return 1;
}

/** What nobody caught leaves the process in a state nobody knows: it ends, and whoever supervises it starts it anew. */
export function endOnFaults(log: Log): void {
	const end = (error: unknown) => {
		log.fatal({ err: error }, "an error that nobody caught ends the process");
		process.exit(1);
	};
	process.on("uncaughtException", end);
	process.on("unhandledRejection", end);
}
