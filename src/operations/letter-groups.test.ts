import { expect, test } from "bun:test";
import type { StoredLetter } from "../messaging/dead-letter-reader.ts";
import { createGrouping } from "./letter-groups.ts";

const letter = (sequence: number, change: Partial<StoredLetter> = {}) =>
	({
		sequence,
		module: "order",
		consumer: "order-adopt",
		reason: "schema violation",
		fingerprint: "aaaaaaaaaaaa",
		parked_at: `2026-11-21T12:00:0${sequence}.000Z`,
		error: `error ${sequence}`,
		redrives: 0,
		...change,
	}) as StoredLetter;

test("letters of one cause, consumer and reason are one group, the largest first", () => {
	const grouping = createGrouping();
	grouping.add(letter(1, { fingerprint: "bbbbbbbbbbbb" }));
	grouping.add(letter(2));
	grouping.add(letter(3, { redrives: 2 }));
	grouping.add(letter(4, { consumer: "order-settle" }));
	grouping.add(letter(5, { reason: "attempts exhausted" }));
	grouping.add(letter(6));
	const [largest, ...others] = grouping.groups();
	expect(largest).toMatchObject({
		fingerprint: "aaaaaaaaaaaa",
		consumer: "order-adopt",
		reason: "schema violation",
		letters: 3,
		redriven: 1,
		first_parked_at: "2026-11-21T12:00:02.000Z",
		last_parked_at: "2026-11-21T12:00:06.000Z",
		example_sequence: 6,
		example_error: "error 6",
	});
	expect(others.map(({ letters }) => letters)).toEqual([1, 1, 1]);
});
