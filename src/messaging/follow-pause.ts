import type { Log } from "../telemetry/log.ts";
import type { Broker } from "./connection.ts";
import type { Pause } from "./pause.ts";
import type { Pull } from "./pull.ts";

/** Messages that try whether what was away is back. */
const PROBES = 10;
/** How often it is looked whether a pause was ended early. */
const LOOK_MS = 250;

export interface PauseFollower {
	/** Fits what is fetched to how the durable is now. */
	follow(): void;
	/** Resolves when nothing is opened any more. */
	stop(): Promise<void>;
}

/**
 * While a dependency is away nothing is fetched, which would only have to be given back. Then a few
 * messages try whether it is back, and when they get through, all is as before.
 * @param needs.ahead_max messages fetched ahead when nothing is away
 */
export function createPauseFollower(needs: {
	readonly durable: string;
	readonly pause: Pause;
	readonly pull: Pull;
	readonly ahead_max: number;
	readonly broker: Broker;
	readonly log: Log;
}): PauseFollower {
	const { durable, pause, pull, ahead_max, broker, log } = needs;
	let changing: Promise<void> | undefined;
	let stopping = false;

	async function rest() {
		await pull.close();
		while (!stopping && pause.rest_ms() > 0) await Bun.sleep(Math.min(pause.rest_ms(), LOOK_MS));
		await open(PROBES);
	}

	async function open(ahead: number) {
		const session = await broker.ready;
		if (!stopping) await pull.open(session, ahead);
	}

	function change(work: () => Promise<void>) {
		changing ??= work()
			.catch((error) => log.warn({ err: error, consumer: durable }, "nothing is fetched yet"))
			.finally(() => {
				changing = undefined;
			});
	}

	return {
		follow() {
			if (pause.rest_ms() > 0) change(rest);
			else if (pull.ahead === PROBES && !pause.probing) change(() => open(ahead_max));
		},
		async stop() {
			stopping = true;
			await changing;
		},
	};
}
