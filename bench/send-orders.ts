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

/**
 * Sends orders from a process of their own. Resolves when all were answered, have ended and are in the
 * audit log, as far as the roles that do so run.
 * @returns what the generator said in the end
 */
export async function sendOrders(load: Load, needs: SendNeeds): Promise<GeneratorLine> {
	const { stack, database, progress, cleanUp } = needs;
	let line: GeneratorLine | undefined;
	let pending = 0;
	const show = () => {
		const { accepted = 0, backlog = 0 } = line ?? {};
		progress.show({ accepted, backlog, ended: Math.max(0, accepted - pending) });
	};
	const generator = runGenerator(load, (latest) => {
		line = latest;
		show();
	});
	cleanUp(() => generator.stop());
	const askPending = watchPending(database, () => line?.done === true);
	const ended = pollUntil(
		async () => {
			pending = stack.ends ? await askPending() : 0;
			show();
			return `${pending} ${line?.accepted}`;
		},
		() => pending === 0 && line?.done === true,
	);
	const [finished] = await Promise.all([generator.finished, ended]);
	await untilPublished(database, stack);
	return finished;
}

async function untilPublished(database: BenchDatabase, { ends }: Stack): Promise<void> {
	await pollUntil(database.unpublished, (rows) => rows === 0);
	if (!ends) return;
	const entries = expectedEntries(await database.states());
	await pollUntil(database.auditSize, (size) => size >= entries);
}
