import type { Command } from "./command.ts";
import { operatorCommands } from "./operator-commands.ts";

const settings = ["config", "data-dir", "port", "ops-port"] as const;

const AUDIT_KEY = "file with the public key; default audit.key.pub in the data folder";

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
		name: "sandbox",
		summary: "run a gateway to try payments with: Stripe's API, no money, faults on demand",
		about: `It listens on 127.0.0.1:4242, keeps its ledger in .millrace/sandbox/ledger, and never talks to Stripe.

FAULTS is KIND:NAME=PROBABILITY,NAME=PROBABILITY;KIND:… with the kinds charge, refund and all:
  refuse         closed without an answer, before anything
  rate_limit     429, nothing done; retry_after_s=SECONDS is what it says, 1 when left out
  error_before   500, nothing done; kept under the key
  error_after    done, then 500; kept under the key
  reset_after    done, then closed without an answer
  timeout_after  done, never answered
  truncate       done, half of the answer
  latency=MS     held before it is done; also MS..MS, or MEDIAN_MS~SIGMA for a long tail
At most one befalls a request. So: --fault 'charge:timeout_after=0.1,latency=20..80;refund:truncate=0.05'`,
		flags: [
			"port",
			"host",
			"data-dir",
			"key",
			"key-lifetime",
			"fault",
			"seed",
			"webhook-url",
			"webhook-secret",
			"webhook-duplicate",
			"webhook-reorder",
		],
		flag_help: {
			port: "port to listen on; default 4242, 0 for any",
			"data-dir": "where the ledger is kept; default .millrace/sandbox/ledger",
		},
		run: async (values) => (await import("./sandbox.ts")).runSandbox(values),
	},
	{
		name: "verify",
		summary:
			"prove the books: orders, stock, charges, gateway and audit log, each against the others",
		about: `It reads and changes nothing, and may run while orders come in. It finds a millrace that runs on
embedded servers by its data folder, any other by DATABASE_URL, STRIPE_API_KEY and AUDIT_STORE.

Exit codes: 0 nothing is wrong, 1 something is or cannot be read, 2 wrong call, 78 wrong configuration.`,
		flags: ["json", "since", "no-gateway", "unknown-minutes", "settle-s", "config", "data-dir"],
		run: async (values) => (await import("./verify.ts")).verify(values),
	},
	{
		name: "explain",
		summary:
			"tell the whole story of an order: events, rows, failures, dead letters, what operators did",
		about: `It reads the audit log, the tables, and the dead letters by the operators' port. Whoever cannot be asked is
named, and the others tell the story: the log alone when the database is down.

Exit codes: 0 something is known of the order, 1 nothing is, 2 wrong call, 78 wrong configuration.`,
		flags: ["store", "json", "ops-url", "ops-port", "config", "data-dir"],
		words: "ORDER_ID",
		run: async (values, words) => (await import("./explain.ts")).explain(values, words),
	},
	{
		name: "audit verify",
		summary: "check the audit log with nothing but its files and a public key",
		about: `Every signature, entry, tile and root is checked by hashing everything anew. It needs neither a
database nor a broker, and no millrace that runs. Exit code 0 when all is as it was signed, 1 when not.

A log that was rolled back, or written anew by whoever has its private key, is found by comparing it with a
checkpoint that was seen before: with --checkpoint, or with the one that audit.witness keeps.`,
		flags: ["store", "key", "checkpoint", "json", "config", "data-dir"],
		flag_help: { key: AUDIT_KEY },
		run: async (values) => (await import("./audit-verify.ts")).verifyAudit(values),
	},
	{
		name: "audit prove",
		summary: "print a proof that the events of an order are in the audit log",
		about:
			"Call it with an order id. What it prints is for `audit check`, and needs the log no more.",
		flags: ["store", "config", "data-dir"],
		words: true,
		run: async (values, words) => (await import("./audit-prove.ts")).prove(values, words),
	},
	{
		name: "audit check",
		summary: "check such a proof with nothing but a public key",
		about: "Call it with the file that `audit prove` printed.",
		flags: ["key", "config", "data-dir"],
		flag_help: { key: AUDIT_KEY },
		words: true,
		run: async (values, words) => (await import("./audit-prove.ts")).check(values, words),
	},
	{
		name: "audit tail",
		summary: "show the last entries of the audit log",
		flags: ["store", "follow", "config", "data-dir"],
		run: async (values) => (await import("./audit-tail.ts")).tail(values),
	},
	{
		name: "audit replay",
		summary: "rebuild orders, stock and charges from the audit log alone and compare the tables",
		about: `The log is replayed into a fresh database of its own: nothing is published, no gateway is asked, no
table is written to. It may run while orders come in.

The state is a hash over all that was rebuilt. With --log-only it needs no database: two builds that replay the
same log have to come to the same state.

Exit codes: 0 no difference, 1 there is one or the log is not whole, 2 wrong call, 78 wrong configuration.`,
		flags: ["store", "log-only", "settle-s", "json", "config", "data-dir"],
		run: async (values) => (await import("./audit-replay.ts")).replayAudit(values),
	},
	{
		name: "audit forget",
		summary: "make a customer's personal data in the audit log unreadable, for good",
		about: `It deletes the key that the customer's personal fields are sealed with. The log stays as it is and verifies
as before. It says what it concerns and asks; where nobody can be asked, it takes --yes. The act is an event in
the log, which names the key and not the customer. Rows of the tables, streams and backups are not touched: see
docs/audit.md.

It needs the audit module's database (DATABASE_URL_AUDIT or DATABASE_URL), NATS_URL and the log; those of a
millrace that runs on embedded servers it finds by its data folder.

Exit codes: 0 forgotten, or it was before, 1 no such customer, or not done, 2 wrong call, 78 wrong configuration.`,
		flags: ["tenant", "yes", "json", "operator", "store", "config", "data-dir"],
		words: "CUSTOMER_ID",
		run: async (values, words) => (await import("./audit-forget.ts")).forget(values, words),
	},
	{
		name: "audit keygen",
		summary: "make a key that signs the audit log",
		about: `To change the key of a log make one with the --name of the old, which is in front of its first +, and
add the old private key to the file on a line of its own. It may go when millrace has started with both.`,
		flags: ["name", "out"],
		run: async (values) => (await import("./audit-keygen.ts")).keygen(values),
	},
	...operatorCommands,
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
