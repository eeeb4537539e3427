import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { usageErrorOf } from "./usage-error.ts";

/**
 * Reads the flags of a command that takes nothing else.
 * @throws UsageError for a flag that there is not, or one without the value it needs
 */
export function readFlags<const Options extends ParseArgsOptionsConfig>(
	args: readonly string[],
	options: Options,
) {
	try {
		return parseArgs({ args: [...args], options }).values;
	} catch (error) {
		throw usageErrorOf(error);
	}
}
