/** How long a message waits before its next attempt. */
export interface RetryDelays {
	readonly retry_first_ms: number;
	readonly retry_last_ms: number;
}

/**
 * The delay after attempt `attempt` (1 is the first): doubles each time up to the last, then spread
 * over its upper half, so that messages that failed together do not come back together.
 * @param random 0 to 1
 */
export function retryDelay(attempt: number, delays: RetryDelays, random: number): number {
	const full = Math.min(delays.retry_last_ms, delays.retry_first_ms * 2 ** (attempt - 1));
	return Math.round(full / 2 + (full / 2) * random);
}
