import type { FlagValues } from "./flags.ts";
import { UsageError } from "./usage-error.ts";

/**
 * Asks before something is done; not with `--yes`.
 * @param way_out for whom nobody can be asked
 * @throws UsageError where nobody can be asked
 */
export function agreed(values: FlagValues, question: string, way_out: string): boolean {
	if (values.yes) return true;
	if (process.stdin.isTTY) return confirm(question);
	throw new UsageError(`Nobody can be asked here: ${way_out}.`);
}
