const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
type Signal = keyof typeof NUMBERS;

/** Ctrl-C reaches every program of a terminal, and those that started us pass it on once more. */
const ECHO_MS = 500;

/** The signals that end the process. */
export interface Signals {
	/** Resolves with the first one. */
	readonly first: Promise<Signal>;
	/** From now on the first signal asks for a stop in order; until then it ends the process. */
	settle(): void;
}

/** Takes the signals over. The one after the first ends the process at once. */
export function watchSignals(): Signals {
	const first = Promise.withResolvers<Signal>();
	let settled = false;
	let first_ms: number | undefined;

	function receive(signal: Signal) {
		const now_ms = performance.now();
		const again = first_ms !== undefined && now_ms - first_ms > ECHO_MS;
		if (!settled || again) process.exit(128 + NUMBERS[signal]);
		first_ms ??= now_ms;
		first.resolve(signal);
	}

	for (const signal of Object.keys(NUMBERS) as Signal[]) process.on(signal, receive);
	return {
		first: first.promise,
		settle() {
			settled = true;
		},
	};
}
