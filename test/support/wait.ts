const PAUSE_MS_MAX = 50;

/**
 * Tries an assertion again until it passes, and answers its value.
 *
 * @param timeout_ms when to give up (default 20000); the assertion's last error is thrown then.
 */
export async function eventually<T>(
	assertion: () => T | Promise<T>,
	{ timeout_ms = 20_000 }: { timeout_ms?: number } = {},
): Promise<T> {
	const deadline = performance.now() + timeout_ms;
	for (let pause_ms = 2; ; pause_ms = Math.min(pause_ms * 2, PAUSE_MS_MAX)) {
		try {
			return await assertion();
		} catch (error) {
			if (performance.now() > deadline) throw error;
		}
		await Bun.sleep(pause_ms);
	}
}
