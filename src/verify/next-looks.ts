import type { OrderFacts } from "./facts.ts";
import { judgeOrder } from "./judge-order.ts";
import { lookAgain } from "./look-again.ts";
import { addCertain, type Run } from "./run.ts";

/** What moves, moves within this: a batch, a flush of the log. */
export const LOOK_EVERY_MS = 1_000;

/**
 * Looks again at what looked wrong, until it is right or nothing moves any more, at most for as long as
 * things may take to settle.
 */
export async function nextLooks(run: Run): Promise<void> {
	const { since_ms, settle_ms } = run.options;
	const last_look_ms = performance.now() + settle_ms;
	let suspects: ReadonlyMap<string, OrderFacts> = run.suspects;
	for (let look = 1; suspects.size > 0; look += 1) {
		const size = run.reading.size;
		const facts = await lookAgain(suspects, run);
		const wrong = new Map(
			[...facts].filter(
				([, { order }]) => order === undefined || order.created_ms >= (since_ms ?? 0),
			),
		);
		const limits = await run.limits();
		for (const [order_id, of] of wrong)
			if (judgeOrder(of, limits).length === 0) wrong.delete(order_id);
		const moved = run.reading.size > size || wrong.size < suspects.size;
		const over = settle_ms === 0 || performance.now() > last_look_ms || (look > 1 && !moved);
		if (over) {
			for (const of of wrong.values()) addCertain(run, of, judgeOrder(of, limits), limits);
			return;
		}
		suspects = wrong;
		await Bun.sleep(LOOK_EVERY_MS);
	}
}
