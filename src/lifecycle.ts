/**
 * A part that lives as long as the process: a server, a consumer, a relay, a timer.
 *
 * `start` resolves when the part does its work and rejects when it cannot. `stop` is legal before
 * `start`, may be called twice, waits for the work in flight, and never rejects for work that failed.
 */
export interface Part {
	readonly name: string;
	start(): Promise<void>;
	stop(): Promise<void>;
}

/**
 * Joins parts into one. They start in the order given and stop in reverse; when one does not
 * start, those already started are stopped before the error is passed on.
 */
export function sequence(name: string, parts: readonly Part[]): Part {
	let started: Part[] = [];
	const stop = async () => {
		const running = started.reverse();
		started = [];
		for (const part of running) await part.stop();
	};
	return {
		name,
		async start() {
			try {
				for (const part of parts) {
					await part.start();
					started.push(part);
				}
			} catch (error) {
				await stop();
				throw error;
			}
		},
		stop,
	};
}
