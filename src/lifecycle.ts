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
	/** Of a part made of others: the name of the one whose stop is waited for now. */
	stopping?(): string | undefined;
}

/**
 * A part that works once an interval. Rounds never overlap: one that is due during another is left
 * out. A stop waits for the round in hand.
 * @param failed is told what a round threw; the next one comes all the same
 */
export function every(
	name: string,
	interval_ms: number,
	work: () => Promise<void>,
	failed: (error: unknown) => void,
): Part {
	let timer: Timer | undefined;
	let round: Promise<void> | undefined;

	function begin() {
		round ??= work()
			.catch(failed)
			.finally(() => {
				round = undefined;
			});
	}

	return {
		name,
		async start() {
			timer = setInterval(begin, interval_ms);
		},
		async stop() {
			clearInterval(timer);
			await round;
		},
	};
}

/**
 * Waits for a promise so long at most, and leaves no timer behind.
 * @returns undefined when it took longer; what becomes of the promise then is not heard here
 * @throws what the promise was rejected with in that time
 */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
	const over = Promise.withResolvers<undefined>();
	const timer = setTimeout(over.resolve, ms);
	try {
		return await Promise.race([promise, over.promise]);
	} finally {
		clearTimeout(timer);
	}
}

/**
 * Joins parts into one. They start in the order given and stop in reverse; when one does not
 * start, those already started are stopped before the error is passed on. One that does not stop
 * in order leaves no other running: its error is passed on in the end.
 */
export function sequence(name: string, parts: readonly Part[]): Part {
	let started: Part[] = [];
	let current: Part | undefined;
	const stop = async () => {
		const running = started.reverse();
		started = [];
		const failures: unknown[] = [];
		for (const part of running) {
			current = part;
			await part.stop().catch((error) => failures.push(error));
		}
		current = undefined;
		if (failures.length > 0) throw new AggregateError(failures, `${name} did not stop in order`);
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
				await stop().catch(() => undefined);
				throw error;
			}
		},
		stop,
		stopping: () => current?.stopping?.() ?? current?.name,
	};
}
