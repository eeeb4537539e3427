import { sequence } from "../lifecycle.ts";
import type { FlagValues } from "./flags.ts";
import { findInfrastructure } from "./infrastructure.ts";
import type { Output } from "./output.ts";
import { readPlan } from "./plan.ts";
import { endOnFaults, stopWithin } from "./shutdown.ts";
import { watchSignals } from "./signals.ts";

/** Runs millrace until it is told to stop, and answers the exit code. */
export async function start(values: FlagValues): Promise<number> {
	const plan = await readPlan(values);
	const { config, output } = plan;
	endOnFaults(output.log);
	const signals = watchSignals();
	// The program is loaded while the servers start.
	const [infrastructure, { assemble }] = await Promise.all([
		findInfrastructure(config, plan.roles, output.report),
		import("./assemble.ts"),
	]);
	const all = sequence("millrace", assemble(plan, infrastructure));
	signals.settle();
	await all.start();
	const failure = await Promise.race([reasonOf(signals.first, output), infrastructure.failed]);
	if (failure !== undefined) output.log.error(failure);
	const code = await stopWithin(all, config.shutdown.grace_ms, output.log);
	return failure === undefined ? code : 1;
}

async function reasonOf(signal: Promise<string>, { report }: Output): Promise<undefined> {
	report(`stopping: ${await signal}`);
}
