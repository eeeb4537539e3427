/** Collects items and hands them on in batches. */
export interface Batcher<T> {
	/** What waits for a batch: items, or the sum of their weights. */
	readonly waiting: number;
	/** What is in batches that are being handled. */
	readonly running: number;
	push(item: T): void;
	/** Hands on what waits without a pause, and resolves when nothing waits or runs. */
	drain(): Promise<void>;
}

export interface BatcherOptions<T> {
	/** Items, or the sum of their weights; one that weighs more goes alone. */
	readonly batch_max: number;
	/** Default: each item weighs 1. */
	weigh?(item: T): number;
	/**
	 * A batch that is not full begins at least so long after the one before it. What comes after a pause
	 * does not wait, and the busier it gets the larger the batches become.
	 */
	readonly interval_ms: number;
	/** Looked at anew for each batch. */
	readonly batches_running_max: number;
	/** Must not reject: what becomes of the items is its own business. */
	run(items: T[]): Promise<void>;
}

export function createBatcher<T>(options: BatcherOptions<T>): Batcher<T> {
	const { batch_max, interval_ms, weigh = () => 1 } = options;
	const items: T[] = [];
	let waiting = 0;
	let batches = 0;
	let running = 0;
	let timer: Timer | undefined;
	let begun_ms = Number.NEGATIVE_INFINITY;
	let idle: PromiseWithResolvers<void> | undefined;
	let draining = false;
	/** What is pushed in one go goes together. */
	let soon = false;

	function next() {
		if (items.length === 0) {
			if (batches > 0) return;
			idle?.resolve();
			idle = undefined;
			return;
		}
		if (batches >= options.batches_running_max) return;
		const rest_ms = begun_ms + interval_ms - performance.now();
		if (waiting >= batch_max || rest_ms <= 0 || draining) return void hand();
		timer ??= setTimeout(() => {
			timer = undefined;
			next();
		}, rest_ms);
	}

	async function hand() {
		clearTimeout(timer);
		timer = undefined;
		const { batch, weight } = take();
		begun_ms = performance.now();
		batches += 1;
		running += weight;
		try {
			const done = options.run(batch);
			next();
			await done;
		} finally {
			batches -= 1;
			running -= weight;
			next();
		}
	}

	function take() {
		let count = 0;
		let weight = 0;
		for (const item of items) {
			const more = weigh(item);
			if (count > 0 && weight + more > batch_max) break;
			count += 1;
			weight += more;
		}
		waiting -= weight;
		return { batch: items.splice(0, count), weight };
	}

	return {
		get waiting() {
			return waiting;
		},
		get running() {
			return running;
		},
		push(item) {
			items.push(item);
			waiting += weigh(item);
			if (waiting >= batch_max) next();
			else if (timer === undefined && !soon) {
				soon = true;
				queueMicrotask(() => {
					soon = false;
					next();
				});
			}
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
