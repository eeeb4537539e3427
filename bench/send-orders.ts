import type { BenchDatabase } from "./database.ts";
import type { GeneratorLine } from "./generator.ts";
import type { Load } from "./load.ts";
import type { Progress } from "./progress.ts";
import { runGenerator } from "./run-generator.ts";
import type { Stack } from "./stack.ts";
import { expectedEntries } from "./verdict.ts";
import { pollUntil, watchPending } from "./wait-ended.ts";

/** What sending orders needs, apart from the load. */
export interface SendNeeds {
	readonly stack: Stack;
	readonly database: BenchDatabase;
	readonly progress: Progress;
	/** Takes what stops each thing that was started. */
	cleanUp(stop: () => Promise<void>): void;
}

const LOOK_EVERY_MS = 250;

/**
 * Sends orders from a process of their own. Resolves when all were answered, have ended and are in the
 * audit log, as far as the roles that do so run.
 * @returns what the generator said in the end
 */
export async function sendOrders(load: Load, needs: SendNeeds): Promise<GeneratorLine> {
	const { database, progress, stack } = needs;
	let line: GeneratorLine | undefined;
	let pending = 0;
	const show = () => {
		const { accepted = 0, backlog = 0 } = line ?? {};
		progress.show({ accepted, backlog, ended: Math.max(0, accepted - pending) });
	};
	const watch = () => {
		const ask = watchPending(database);
		return async () => {
			pending = await ask();
			show();
			return pending;
		};
	};
	const generator = runGenerator(load, (latest) => {
		line = latest;
		show();
	});
	needs.cleanUp(() => generator.stop());
	const whileLoading = async (look: () => Promise<unknown>) => {
		for (; stack.ends && !line?.done; await Bun.sleep(LOOK_EVERY_MS)) await look();
	};
	const [finished] = await Promise.all([generator.finished, whileLoading(watch())]);
	if (stack.ends) await pollUntil(watch(), (count) => count === 0);
	await untilPublished(database, stack);
	return finished;
}

async function untilPublished(database: BenchDatabase, { ends }: Stack): Promise<void> {
	await pollUntil(database.unpublished, (rows) => rows === 0);
	if (!ends) return;
	const entries = expectedEntries(await database.states());
	await pollUntil(database.auditSize, (size) => size >= entries);
}
