import { expect, test } from "bun:test";
import fc from "fast-check";
import { retryDelay } from "./retry.ts";

const delays = { retry_first_ms: 500, retry_last_ms: 30_000 };

test.each([
	[1, 250, 500],
	[2, 500, 1_000],
	[3, 1_000, 2_000],
	[6, 8_000, 16_000],
	[7, 15_000, 30_000],
	[40, 15_000, 30_000],
])("attempt %p waits from %p to %p ms", (attempt, least_ms, most_ms) => {
	expect(retryDelay(attempt, delays, 0)).toBe(least_ms);
	expect(retryDelay(attempt, delays, 1)).toBe(most_ms);
});

test("a later attempt never waits less, until the longest wait is reached", () => {
	fc.assert(
		fc.property(
			fc.integer({ min: 1, max: 5 }),
			fc.double({ min: 0, max: 1, noNaN: true }),
			(n, random) =>
				expect(retryDelay(n + 1, delays, 0)).toBeGreaterThanOrEqual(retryDelay(n, delays, random)),
		),
	);
});
