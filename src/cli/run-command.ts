import { commands } from "./commands.ts";
import { reportFailure } from "./failure.ts";
import { findCommand } from "./find-command.ts";
import { parseFlags } from "./flags.ts";
import { helpOf } from "./help.ts";
import { UsageError } from "./usage-error.ts";

/** Runs the command that the arguments name and answers the exit code. Never rejects. */
export async function runCommand(args: readonly string[]): Promise<number> {
	try {
		const { command, rest } = findCommand(commands, args);
		const { values, words } = parseFlags(rest, command.flags, command);
		if (!values.help) return await command.run(values, words);
		console.log(helpOf(command));
		return 0;
	} catch (error) {
		return reportFailure(error, error instanceof UsageError ? adviceFor(args) : undefined);
	}
}

function adviceFor(args: readonly string[]): string {
	try {
		return `See: millrace ${findCommand(commands, args).command.name} --help`;
	} catch {
		return "See: millrace --help";
	}
}
