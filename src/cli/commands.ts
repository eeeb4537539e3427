import type { Command } from "./command.ts";

const settings = ["config", "data-dir", "port", "ops-port"] as const;

/** The commands, in the order of the help. Each is loaded when it is called, so that `health` is quick. */
export const commands: readonly Command[] = [
	{
		name: "start",
		summary: "run millrace (what happens without a command)",
		about: `Postgres and NATS are the ones that DATABASE_URL and NATS_URL name. Those not named are
started inside, keep their files in the data folder, and end with the process.

Signals: SIGTERM and SIGINT stop in order; a second one stops at once.
Exit codes: 0 stopped in order, 1 failed, 2 wrong call, 78 wrong configuration, 70 a bug.`,
		flags: ["roles", ...settings, "demo"],
		run: async (values) => (await import("./start.ts")).start(values),
	},
	{
		name: "health",
		summary: "ask a running millrace how it is; exit code 0 or 1",
		about: "It asks /healthz on OPS_PORT, so that a container needs no other program for it.",
		flags: ["config", "data-dir", "ops-port"],
		run: async (values) => (await import("./health.ts")).health(values),
	},
	{
		name: "config print",
		summary: "show every setting as it stands, secrets hidden",
		about: "What it prints is a file for --config.",
		flags: [...settings],
		run: async (values) => (await import("./config-print.ts")).printConfig(values),
	},
	{
		name: "version",
		summary: "show the version",
		flags: [],
		run: async () => (await import("./version.ts")).version(),
	},
	{
		name: "help",
		summary: "show this, or the help of a command",
		flags: [],
		words: true,
		run: async (_, words) => (await import("./help.ts")).help(commands, words),
	},
];
