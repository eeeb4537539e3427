import type { Command } from "./command.ts";
import { findCommand } from "./find-command.ts";
import { type FlagName, flags } from "./flags.ts";

/** Prints the help of the command that `words` name, or of all. */
export function help(commands: readonly Command[], words: readonly string[]): number {
	console.log(
		words.length === 0 ? overview(commands) : helpOf(findCommand(commands, words).command),
	);
	return 0;
}

/** The help of one command. */
export function helpOf(command: Command): string {
	const { name, summary, about, flags: names, words, flag_help = {} } = command;
	const chapters = [
		`millrace ${name}: ${summary}`,
		`Usage: millrace ${name}${names.length > 0 ? " [FLAGS]" : ""}${nameOf(words)}`,
		...(about === undefined ? [] : [about]),
		[
			"Flags:",
			...table([...names, "help" as const].map((flag) => flagLine(flag, flag_help[flag]))),
		].join("\n"),
	];
	return chapters.join("\n\n");
}

function nameOf(words: Command["words"]): string {
	if (typeof words === "string") return ` ${words}`;
	return words ? " [COMMAND]" : "";
}

function overview(commands: readonly Command[]): string {
	const lines = table(commands.map(({ name, summary }) => [name, summary]));
	return `millrace takes orders, holds stock, charges once, confirms, and keeps a log that proves it.

Usage: millrace [COMMAND] [FLAGS]

Commands:
${lines.join("\n")}

millrace COMMAND --help says more. Settings also come from environment variables and files.`;
}

function flagLine(name: FlagName, help: string = flags[name].help): [string, string] {
	const flag = flags[name];
	const short = "short" in flag ? `-${flag.short}, ` : "";
	const value = "value" in flag ? ` ${flag.value}` : "";
	return [`${short}--${name}${value}`, help];
}

function table(rows: readonly (readonly [string, string])[]): string[] {
	const width = Math.max(...rows.map(([left]) => left.length));
	return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
