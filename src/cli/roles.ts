import { type ModuleName, moduleNames } from "../contracts/streams.ts";
import { UsageError } from "./usage-error.ts";

/**
 * The roles of a comma-separated list; all of them for `all` and when nothing is said.
 * @throws UsageError naming the role that there is not, and those that there are.
 */
export function parseRoles(text: string | undefined): readonly ModuleName[] {
	if (text === undefined || text === "all") return moduleNames;
	const names = text.split(",").map((name) => name.trim());
	const unknown = names.find((name) => !moduleNames.some((known) => known === name));
	if (unknown !== undefined) {
		throw new UsageError(
			`There is no role "${unknown}". Roles: ${moduleNames.join(", ")}, or all.`,
		);
	}
	return moduleNames.filter((name) => names.includes(name));
}
