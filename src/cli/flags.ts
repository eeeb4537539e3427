import { parseArgs } from "node:util";
import { usageErrorOf } from "./usage-error.ts";

/** Every flag of every command. `value` is how its value is called in the help. */
export const flags = {
	roles: {
		type: "string",
		value: "LIST",
		help: "modules to run, with commas: order, inventory, payment, audit; all when left out",
	},
	config: {
		type: "string",
		value: "FILE",
		help: "a TOML file over the defaults, or `production` for the one inside",
	},
	"data-dir": {
		type: "string",
		value: "FOLDER",
		help: "where embedded servers and the audit log keep their files; default .millrace",
	},
	port: { type: "string", value: "NUMBER", help: "port of the API; default 8080, 0 for any" },
	"ops-port": {
		type: "string",
		value: "NUMBER",
		help: "port of metrics and health; default 9090, 0 for any",
	},
	demo: { type: "boolean", help: "place an order a second and show each on its way" },
	host: { type: "string", value: "ADDRESS", help: "where to listen; default 127.0.0.1" },
	key: { type: "string", value: "TEXT", help: "the only API key; any sk_test_… when left out" },
	"key-lifetime": {
		type: "string",
		value: "TIME",
		help: "how long an idempotency key is remembered, as 24h, 15m, 30s, 500ms; default 24h",
	},
	fault: { type: "string", value: "FAULTS", help: "what goes wrong from the start, see above" },
	seed: {
		type: "string",
		value: "NUMBER",
		help: "of the faults: the same seed and requests, the same faults; default by the clock",
	},
	"webhook-url": { type: "string", value: "URL", help: "where events go; none when left out" },
	"webhook-secret": {
		type: "string",
		value: "TEXT",
		help: "signs the events; default whsec_sandbox",
	},
	"webhook-duplicate": { type: "string", value: "SHARE", help: "events sent twice, from 0 to 1" },
	"webhook-reorder": {
		type: "string",
		value: "SHARE",
		help: "events held back so that later ones overtake them, from 0 to 1",
	},
	json: { type: "boolean", help: "print one JSON document instead of a table" },
	since: {
		type: "string",
		value: "TIME",
		help: "only orders that came since, as 24h or 2026-01-31T12:00:00Z; stock is not added up then",
	},
	"no-gateway": { type: "boolean", help: "do not ask the gateway, take our own word for it" },
	"unknown-minutes": {
		type: "string",
		value: "NUMBER",
		help: "age at which a charge nobody knows about is a finding; default 30",
	},
	"settle-s": {
		type: "string",
		value: "NUMBER",
		help: "what was written to so shortly ago may be in progress; default 10, 0 at rest",
	},
	store: {
		type: "string",
		value: "ADDRESS",
		help: "where the log is: a folder or s3://BUCKET/PREFIX; default is what is configured",
	},
	checkpoint: {
		type: "string",
		value: "FILE",
		help: "the checkpoint that was seen before; it is replaced by what is found sound",
	},
	"log-only": { type: "boolean", help: "compare with nothing" },
	tenant: { type: "string", value: "ID", help: "whose customer; needed where several have one" },
	follow: { type: "boolean", help: "go on with those that come, until Ctrl-C" },
	name: {
		type: "string",
		value: "ORIGIN",
		help: "what the log is called, as example.com/orders; default is made up",
	},
	out: { type: "string", value: "FILE", help: "where the private key is kept; default audit.key" },
	"ops-url": {
		type: "string",
		value: "URL",
		help: "port for operators of the millrace that is asked; else by --ops-port and --data-dir",
	},
	module: {
		type: "string",
		value: "NAME",
		help: "of this module: order, inventory, payment, audit",
	},
	type: { type: "string", value: "SUBJECT", help: "of this event, as orders.created.v2" },
	fingerprint: { type: "string", value: "TEXT", help: "that failed so, as in dlq groups" },
	order: { type: "string", value: "ID", help: "about this order" },
	until: { type: "string", value: "TIME", help: "until then" },
	discarded: { type: "boolean", help: "those that were discarded" },
	limit: { type: "string", value: "NUMBER", help: "so many at most; default 50" },
	cursor: { type: "string", value: "NUMBER", help: "those behind this one" },
	all: { type: "boolean", help: "all of them" },
	"dry-run": { type: "boolean", help: "say what would come of it, and do nothing" },
	rate: { type: "string", value: "NUMBER", help: "messages a second at most; default 5000" },
	"returned-share": {
		type: "string",
		value: "SHARE",
		help: "stop when more of them fail again, from 0 to 1; default 0.5",
	},
	edit: { type: "string", value: "FILE", help: "send this JSON instead" },
	yes: { type: "boolean", help: "do not ask" },
	why: { type: "string", value: "TEXT", help: "why; it is kept" },
	operator: {
		type: "string",
		value: "NAME",
		help: "who acts, for the audit log; default the user of this machine",
	},
	for: { type: "string", value: "TIME", help: "for how long, as 30m; default 1h" },
	from: {
		type: "string",
		value: "WHERE",
		help: "start, a sequence of its stream, or a time, as 24h or 2026-01-31T12:00:00Z",
	},
	help: { type: "boolean", short: "h", help: "show this" },
} as const;

export type FlagName = keyof typeof flags;

/** What was given on the command line. */
export interface FlagValues {
	readonly roles?: string;
	readonly config?: string;
	readonly "data-dir"?: string;
	readonly port?: string;
	readonly "ops-port"?: string;
	readonly demo?: boolean;
	readonly host?: string;
	readonly key?: string;
	readonly "key-lifetime"?: string;
	readonly fault?: string;
	readonly seed?: string;
	readonly "webhook-url"?: string;
	readonly "webhook-secret"?: string;
	readonly "webhook-duplicate"?: string;
	readonly "webhook-reorder"?: string;
	readonly json?: boolean;
	readonly since?: string;
	readonly "no-gateway"?: boolean;
	readonly "unknown-minutes"?: string;
	readonly "settle-s"?: string;
	readonly store?: string;
	readonly checkpoint?: string;
	readonly "log-only"?: boolean;
	readonly tenant?: string;
	readonly follow?: boolean;
	readonly name?: string;
	readonly out?: string;
	readonly "ops-url"?: string;
	readonly module?: string;
	readonly type?: string;
	readonly fingerprint?: string;
	readonly order?: string;
	readonly until?: string;
	readonly discarded?: boolean;
	readonly limit?: string;
	readonly cursor?: string;
	readonly all?: boolean;
	readonly "dry-run"?: boolean;
	readonly rate?: string;
	readonly "returned-share"?: string;
	readonly edit?: string;
	readonly yes?: boolean;
	readonly why?: string;
	readonly operator?: string;
	readonly for?: string;
	readonly from?: string;
	readonly help?: boolean;
}

/**
 * Reads the flags named, and words where they are allowed.
 * @throws UsageError for a flag that there is not, or one without the value it needs.
 */
export function parseFlags(
	args: readonly string[],
	names: readonly FlagName[],
	{ words = false }: { words?: boolean | string | undefined } = {},
): { values: FlagValues; words: readonly string[] } {
	try {
		const { values, positionals } = parseArgs({
			args: [...args],
			options: Object.fromEntries([...names, "help" as const].map((name) => [name, flags[name]])),
			allowPositionals: words !== false,
		});
		return { values: values as FlagValues, words: positionals };
	} catch (error) {
		throw usageErrorOf(error);
	}
}
