import type { Config } from "../config.ts";
import type { ModuleName } from "../contracts/streams.ts";
import type { FlagValues } from "./flags.ts";
import { createOutput, type Output } from "./output.ts";
import { parseRoles } from "./roles.ts";
import { readSettings } from "./settings.ts";
import { UsageError } from "./usage-error.ts";

/** What is to be started, and how it speaks. */
export interface Plan {
	readonly roles: readonly ModuleName[];
	readonly demo: boolean;
	readonly config: Config;
	readonly output: Output;
}

/**
 * Reads what the command line and the configuration ask for. A demo or a terminal gets text with
 * warnings between; everything else gets the log.
 * @throws UsageError, ConfigError, TracingVariableError
 */
export async function readPlan(values: FlagValues): Promise<Plan> {
	const roles = parseRoles(values.roles);
	const demo = values.demo === true;
	if (demo && !roles.includes("order")) {
		throw new UsageError("--demo places orders, so it needs the role order: add it to --roles.");
	}
	const text = demo || process.stdout.isTTY === true;
	const config = await readSettings(values, text ? { log_level: "warn" } : {});
	return { roles, demo, config, output: createOutput({ text, level: config.log.level, roles }) };
}
