import { expect, test } from "bun:test";
import { lagOf, lags } from "../../bench/audit/lag.ts";

const marks = (...pairs: readonly (readonly [at_ms: number, events: number])[]) =>
	pairs.map(([at_ms, events]) => ({ at_ms, events }));

test("an event waits from when it is stored until the log has as many", () => {
	const stored = marks([100, 10], [200, 20], [300, 40]);
	const recorded = marks([90, 0], [150, 12], [260, 20], [900, 40]);
	const found = lags(stored, recorded);
	expect(found).toEqual([
		{ ms: 50, events: 10 },
		{ ms: 60, events: 10 },
		{ ms: 600, events: 20 },
	]);
	expect([lagOf(found, 0.25), lagOf(found, 0.5), lagOf(found, 0.99)]).toEqual([50, 60, 600]);
});
