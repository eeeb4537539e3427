import { expect, test } from "bun:test";
import { DatabaseUnavailableError } from "../database/errors.ts";
import { judge } from "./judge.ts";
import { done, type IncomingEvent } from "./outcome.ts";

type Event = IncomingEvent<"orders.confirmed.v1">;
const events = (count: number) =>
	Array.from({ length: count }, (_, n) => ({ message_id: String(n) }) as Event);
const poison = new Error("poison");

test("the outcomes of a batch that succeeds are the handler's", async () => {
	const calls: number[] = [];
	const outcomes = await judge(events(3), async (batch) => {
		calls.push(batch.length);
		return batch.map(() => done);
	});
	expect(outcomes).toEqual([done, done, done]);
	expect(calls).toEqual([3]);
});

test.each([0, 1, 63, 126])(
	"event %p, which breaks its batch, is found; the rest are done",
	async (bad) => {
		const handled: string[] = [];
		const outcomes = await judge(events(127), async (batch) => {
			if (batch.some(({ message_id }) => message_id === String(bad))) throw poison;
			handled.push(...batch.map(({ message_id }) => message_id));
			return batch.map(() => done);
		});
		expect(outcomes[bad]).toEqual({ kind: "retry", error: poison });
		expect(outcomes.filter(({ kind }) => kind === "done")).toHaveLength(126);
		expect(new Set(handled).size).toBe(126);
		expect(handled).toHaveLength(126);
	},
);

test("a database that is away is nobody's fault, and is not asked again for each half", async () => {
	let calls = 0;
	const away = new DatabaseUnavailableError("away");
	const outcomes = await judge(events(8), async () => {
		calls += 1;
		throw away;
	});
	expect(outcomes).toEqual(Array(8).fill({ kind: "unavailable", error: away }));
	expect(calls).toBe(1);
});
