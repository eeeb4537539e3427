import { expect, test } from "bun:test";
import { onlyForward } from "./reader.ts";

function handedOn(from: number, sequences: readonly number[]): number[] {
	const seen: number[] = [];
	const onMessage = onlyForward(from, ({ seq }: { seq: number }) => seen.push(seq));
	for (const seq of sequences) onMessage({ seq });
	return seen;
}

test.each([
	["in order, with gaps where messages were deleted", 1, [1, 2, 5, 6], [1, 2, 5, 6]],
	["the consumer of before begins again", 3, [3, 4, 5, 3, 4, 5, 6], [3, 4, 5, 6]],
	["from before what is wanted", 3, [1, 2, 3], [3]],
])("%s", (_, from, sequences, expected) => {
	expect(handedOn(from, sequences)).toEqual(expected);
});
