import type { Gateway } from "../../gateway/gateway.ts";
import { within } from "../../lifecycle.ts";

/** Calls on their way to the gateway for each that it takes at the same time: the next one waits at its door. */
const CALLS_A_PLACE = 2;
/** How often it is looked whether the gateway is away by now, while nothing ends. */
const LOOK_MS = 50;

/** Counts the calls on their way, so that no more are claimed than the gateway takes before the claim is over. */
export function createRoom(gateway: Pick<Gateway, "capacity">) {
	let taken = 0;
	let freed = Promise.withResolvers<void>();

	function free(): number {
		return gateway.capacity() * CALLS_A_PLACE - taken;
	}

	return {
		take(calls: number) {
			taken += calls;
		},
		give() {
			taken -= 1;
			freed.resolve();
			freed = Promise.withResolvers();
		},
		async wait(wanted: number, until: number): Promise<number> {
			// A place at a time would be a statement a charge.
			while (free() < Math.min(wanted, Math.max(1, gateway.capacity()))) {
				const left_ms = until - performance.now();
				if (left_ms <= 0 || gateway.capacity() === 0) break;
				await within(Math.min(left_ms, LOOK_MS), freed.promise);
			}
			return Math.max(0, Math.min(wanted, free()));
		},
	};
}
