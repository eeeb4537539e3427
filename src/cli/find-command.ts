import type { Command } from "./command.ts";
import { UsageError } from "./usage-error.ts";

/** Flags that stand for a command when they come first. */
const FLAG_COMMANDS: Readonly<Record<string, string>> = {
	"--help": "help",
	"-h": "help",
	"--version": "version",
	"-V": "version",
};

/**
 * The command that the arguments begin with, and what is left of them. `start` when the first is
 * missing or a flag.
 * @throws UsageError naming the command that there is not.
 */
export function findCommand(
	commands: readonly Command[],
	args: readonly string[],
): { command: Command; rest: readonly string[] } {
	const [first] = args;
	const words = wordsOf(first, args);
	const found = commands
		.map((command) => ({ command, length: command.name.split(" ").length }))
		.find(({ command, length }) => words.slice(0, length).join(" ") === command.name);
	if (found === undefined) throw unknown(commands, args);
	const { command, length } = found;
	return { command, rest: words.slice(length) };
}

function wordsOf(first: string | undefined, args: readonly string[]): readonly string[] {
	const named = FLAG_COMMANDS[first ?? ""];
	if (named !== undefined) return [named, ...args.slice(1)];
	return first === undefined || first.startsWith("-") ? ["start", ...args] : args;
}

function unknown(commands: readonly Command[], args: readonly string[]): UsageError {
	const [first = ""] = args;
	const begun = commands.filter(({ name }) => name.startsWith(`${first} `));
	if (begun.length > 0) {
		const names = begun.map(({ name }) => `millrace ${name}`).join(", ");
		return new UsageError(`"millrace ${first}" needs one more word. There is: ${names}.`);
	}
	const names = commands.map(({ name }) => name).join(", ");
	return new UsageError(`There is no command "${first}". Commands: ${names}.`);
}
