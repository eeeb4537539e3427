import type { FlagName, FlagValues } from "./flags.ts";

/** Something millrace does when it is called. */
export interface Command {
	/** The words that call it. */
	readonly name: string;
	/** One line in the list of commands. */
	readonly summary: string;
	/** What else a reader of its help should know. */
	readonly about?: string;
	readonly flags: readonly FlagName[];
	/** What flags mean here, where it differs from other commands. */
	readonly flag_help?: Readonly<Partial<Record<FlagName, string>>>;
	/** Takes words besides flags; as text, what they are called in the help. */
	readonly words?: boolean | string;
	/** Answers the exit code. */
	run(values: FlagValues, words: readonly string[]): Promise<number>;
}
