/** Collects items and hands them on in batches. */
export interface Batcher<T> {
	/** Items that wait for a batch. */
	readonly waiting: number;
	/** Items in batches that are being handled. */
	readonly running: number;
	push(item: T): void;
	/** Hands on what waits without a pause, and resolves when nothing waits or runs. */
	drain(): Promise<void>;
}

export interface BatcherOptions<T> {
	readonly batch_max: number;
	/**
	 * A batch that is not full begins at least so long after the one before it. What comes after a pause
	 * does not wait, and the busier it gets the larger the batches become.
	 */
	readonly interval_ms: number;
	readonly batches_running_max: number;
	/** Must not reject: what becomes of the items is its own business. */
	run(items: T[]): Promise<void>;
}

export function createBatcher<T>(options: BatcherOptions<T>): Batcher<T> {
	const { batch_max, interval_ms, batches_running_max } = options;
	let waiting: T[] = [];
	let batches = 0;
	let running = 0;
	let timer: Timer | undefined;
	let begun_ms = Number.NEGATIVE_INFINITY;
	let idle: PromiseWithResolvers<void> | undefined;
	let draining = false;

	function next() {
		if (waiting.length === 0) {
			if (batches > 0) return;
			idle?.resolve();
			idle = undefined;
			return;
		}
		if (batches >= batches_running_max) return;
		const rest_ms = begun_ms + interval_ms - performance.now();
		if (waiting.length >= batch_max || rest_ms <= 0 || draining) return void hand();
		timer ??= setTimeout(() => {
			timer = undefined;
			next();
		}, rest_ms);
	}

	async function hand() {
		clearTimeout(timer);
		timer = undefined;
		const items = waiting.slice(0, batch_max);
		waiting = waiting.slice(batch_max);
		begun_ms = performance.now();
		batches += 1;
		running += items.length;
		try {
			next();
			await options.run(items);
		} finally {
			batches -= 1;
			running -= items.length;
			next();
		}
	}

	return {
		get waiting() {
			return waiting.length;
		},
		get running() {
			return running;
		},
		push(item) {
			waiting.push(item);
			if (timer === undefined || waiting.length >= batch_max) next();
		},
		async drain() {
			draining = true;
			idle ??= Promise.withResolvers();
			const { promise } = idle;
			next();
			await promise;
		},
	};
}
