import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Subject } from "../contracts/events.ts";
import {
	addTallies,
	decodeTally,
	encodeTally,
	NO_EVENTS,
	subjects,
	tallyOf,
	timesOf,
} from "./event-tally.ts";

const sequence = fc.array(fc.constantFrom(...subjects), { maxLength: 40 });
const tallied = (all: readonly Subject[]) =>
	all.map((subject) => tallyOf(subject)).reduce(addTallies, NO_EVENTS);

test("a tally counts each subject by itself, up to three", () => {
	fc.assert(
		fc.property(sequence, sequence, (some, others) => {
			const tally = addTallies(tallied(some), tallied(others));
			for (const subject of subjects) {
				const times = [...some, ...others].filter((it) => it === subject).length;
				expect(timesOf(tally, subject)).toBe(Math.min(times, 3));
			}
			expect(decodeTally(encodeTally(tally))).toEqual(tally);
		}),
	);
});

test("refunds are kept by their ids", () => {
	const [one, two] = ["r1", "r2"].map((id) => tallyOf("payments.refunded.v1", id));
	if (one === undefined || two === undefined) throw new Error("no tally");
	const both = addTallies(addTallies(one, two), one);
	expect(both.refund_ids).toEqual(["r1", "r2", "r1"]);
	expect(decodeTally(encodeTally(both))).toEqual(both);
});
