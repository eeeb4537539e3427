import { sequence } from "../lifecycle.ts";
import type { FlagValues } from "./flags.ts";
import { findInfrastructure } from "./infrastructure.ts";
import { createOutput, type Output } from "./output.ts";
import { parseRoles } from "./roles.ts";
import { readSettings } from "./settings.ts";
import { endOnFaults, stopWithin } from "./shutdown.ts";
import { watchSignals } from "./signals.ts";
import { UsageError } from "./usage-error.ts";

/** Runs millrace until it is told to stop, and answers the exit code. */
export async function start(values: FlagValues): Promise<number> {
	const plan = await readPlan(values);
	const { config, output } = plan;
	endOnFaults(output.log);
	const signals = watchSignals();
	// The program is loaded while the servers start.
	const [infrastructure, { assemble }] = await Promise.all([
		findInfrastructure(config, output.report),
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

/** What is to be started, and how it speaks. */
export type Plan = Awaited<ReturnType<typeof readPlan>>;

async function readPlan(values: FlagValues) {
	const roles = parseRoles(values.roles);
	const demo = values.demo === true;
	if (demo && !roles.includes("order")) {
		throw new UsageError("--demo places orders, so it needs the role order: add it to --roles.");
	}
	const text = demo || process.stdout.isTTY === true;
	const config = await readSettings(values, text ? { log_level: "warn" } : {});
	return { roles, demo, config, output: createOutput({ text, level: config.log.level, roles }) };
}

async function reasonOf(signal: Promise<string>, { report }: Output): Promise<undefined> {
	report(`stopping: ${await signal}`);
}
