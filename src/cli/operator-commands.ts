import type { Command } from "./command.ts";

const reach = ["ops-url", "config", "data-dir", "ops-port"] as const;
const filter = ["module", "type", "fingerprint", "order", "since", "until"] as const;
const act = ["operator", ...reach] as const;
const flag_help = {
	since: "parked since, as 24h or 2026-01-31T12:00:00Z",
	until: "parked until, as 24h or 2026-01-31T12:00:00Z",
} as const;
const letters = () => import("./dlq.ts");
const consumers = () => import("./consumers.ts");

/** What an operator does about messages, through the port for operators of a running millrace. */
export const operatorCommands: readonly Command[] = [
	{
		name: "dlq list",
		summary: "list messages that could not be handled",
		flags: [...filter, "discarded", "limit", "cursor", "json", ...reach],
		flag_help,
		run: async (values) => (await letters()).list(values),
	},
	{
		name: "dlq groups",
		summary: "put those together that failed alike",
		flags: [...filter, "discarded", "json", ...reach],
		flag_help,
		run: async (values) => (await letters()).groups(values),
	},
	{
		name: "dlq show",
		summary: "show one with its payload, and what its redrive would come to",
		flags: ["discarded", "json", ...reach],
		words: "LETTER",
		run: async (values, words) => (await letters()).show(values, words),
	},
	{
		name: "dlq redrive",
		summary: "send them again to the consumer that gave them up",
		about: `First it shows what each would come to, then it asks. What fails again is parked again, and not
picked up again by the same redrive. Exit code 1 when it was stopped.

With --edit FILE one letter is sent with the JSON of the file instead of its own; it gets an id of its
own, and the original is kept among the discarded.`,
		flags: [...filter, "all", "dry-run", "rate", "returned-share", "edit", "yes", "json", ...act],
		flag_help,
		words: "LETTER…",
		run: async (values, words) => (await import("./dlq-redrive.ts")).redrive(values, words),
	},
	{
		name: "dlq discard",
		summary: "take them out when nothing should come of them",
		flags: [...filter, "all", "why", ...act],
		flag_help,
		words: "LETTER…",
		run: async (values, words) => (await letters()).discard(values, words),
	},
	{
		name: "dlq restore",
		summary: "put discarded ones back",
		about: "Letters have another number among the discarded: see millrace dlq list --discarded.",
		flags: [...filter, "all", ...act],
		flag_help,
		words: "LETTER…",
		run: async (values, words) => (await letters()).restore(values, words),
	},
	{
		name: "consumers list",
		summary: "list who takes messages, and how far they are",
		flags: ["json", ...reach],
		run: async (values) => (await consumers()).list(values),
	},
	{
		name: "consumers pause",
		summary: "stop deliveries to one, in all processes, for a while",
		flags: ["for", "json", ...act],
		words: "CONSUMER",
		run: async (values, words) => (await consumers()).pause(values, words),
	},
	{
		name: "consumers resume",
		summary: "end a pause",
		flags: ["json", ...act],
		words: "CONSUMER",
		run: async (values, words) => (await consumers()).resume(values, words),
	},
	{
		name: "consumers replay",
		summary: "give one its history again; what it has handled it recognises",
		flags: ["from", "json", ...act],
		words: "CONSUMER",
		run: async (values, words) => (await consumers()).replay(values, words),
	},
];
