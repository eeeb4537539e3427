import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { OutgoingEvent } from "../contracts/events.ts";
import { decodeEvents, encodeEvents, keptPositions, written } from "./outbox.ts";

const event = fc.record({
	subject: fc.constantFrom("orders.created.v2", "payments.failed.v1"),
	message_id: fc.uuid(),
	data: fc.dictionary(fc.string(), fc.string()).map((value) => JSON.stringify(value)),
	traceparent: fc.option(fc.stringMatching(/^[\da-f]{55}$/), { nil: undefined }),
}) as fc.Arbitrary<OutgoingEvent>;
const proposed = fc.array(fc.array(event, { maxLength: 3 }), { maxLength: 20 });

describe("a row", () => {
	test("gives back all its events, whatever their text", () => {
		fc.assert(
			fc.property(proposed, (groups) => {
				expect(decodeEvents(encodeEvents(groups), null)).toEqual(groups.flat());
			}),
		);
	});

	test("gives back only the events of the positions that came true", () => {
		fc.assert(
			fc.property(proposed, fc.func(fc.boolean()), (groups, cameTrue) => {
				const positions = [...groups.keys()].filter((position) => cameTrue(position));
				const kept = groups.filter((_, position) => positions.includes(position));
				const payload = encodeEvents(groups);
				expect(decodeEvents(payload, positions)).toEqual(kept.flat());
				const row = { id: 7, positions };
				expect(written([row], groups)).toEqual({ outbox_id: 7, events: kept.flat() });
			}),
		);
	});
});

test("no row means that nothing came true, no positions that all did", () => {
	expect(keptPositions([])(0)).toBe(false);
	expect(written([], [])).toBeUndefined();
	expect(keptPositions([{ id: 1, positions: null }])(99)).toBe(true);
	expect([0, 1, 2].map(keptPositions([{ id: 1, positions: [1] }]))).toEqual([false, true, false]);
});
