import { readFlags } from "../src/cli/read-flags.ts";
import { UsageError } from "../src/cli/usage-error.ts";
import { wholeNumber } from "../src/cli/whole-number.ts";
import { moduleNames } from "../src/contracts/streams.ts";

export const HELP = `Usage: bun run bench [options]

Starts a private PostgreSQL (fsync on), a private nats-server (sync_interval: always) and millrace,
sends orders over HTTP from a process of its own, waits until every order has ended and is in the
audit log, and counts in the stores what went wrong. Exit code 1 when anything did.

  --orders N        orders to send (default 20000)
  --rate R          open loop: send R orders a second, whatever the answers do
                    (default: closed loop, each connection sends as soon as it was answered)
  --connections C   HTTP connections, one request outstanding on each (default 256)
  --warm-up N       orders sent before those that are measured (default 5000, with --smoke 0)
  --roles-split     four processes, one a role, instead of one with all roles
  --intake-only     run only the order role: how fast orders are taken
  --gateway G       who moves the money: in-process (default), or sandbox, a process of its own
                    that is called over HTTP
  --outage S        the sandbox is away for the first S seconds of the load: how soon the first
                    order ends after that, and how fast what has waited
  --smoke           a short run of 2000 orders
  --json            print one JSON object instead of the table
  --help            show this text`;

const gateways = ["in-process", "sandbox"] as const;
type GatewayName = (typeof gateways)[number];

/** What is to be measured. */
export interface Options {
	readonly orders: number;
	/** Orders a second; undefined for a closed loop. */
	readonly rate: number | undefined;
	readonly connections: number;
	/** Orders sent, and waited for, before those that are measured. */
	readonly warm_up: number;
	readonly roles_split: boolean;
	readonly intake_only: boolean;
	readonly gateway: GatewayName;
	/** Seconds; undefined for none. */
	readonly outage_s: number | undefined;
	readonly json: boolean;
	readonly help: boolean;
}

const ORDERS_DEFAULT = 20_000;
const ORDERS_SMOKE = 2_000;
const ORDERS_MAX = 5_000_000;
const WARM_UP_DEFAULT = 5_000;
const RATE_MAX = 1_000_000;
const CONNECTIONS_DEFAULT = 256;
const CONNECTIONS_MAX = 10_000;
const OUTAGE_S_MAX = 3_600;

const flag = { type: "boolean", default: false } as const;
const flags = {
	orders: { type: "string" },
	rate: { type: "string" },
	connections: { type: "string" },
	"warm-up": { type: "string" },
	"roles-split": flag,
	"intake-only": flag,
	gateway: { type: "string", default: "in-process" },
	outage: { type: "string" },
	smoke: flag,
	json: flag,
	help: flag,
} as const;

/** @throws UsageError saying which flag is wrong and what it may be. */
export function parseOptions(args: readonly string[]): Options {
	const values = readFlags(args, flags);
	if (values["roles-split"] && values["intake-only"]) {
		throw new UsageError("--roles-split and --intake-only cannot go together.");
	}
	const { smoke } = values;
	const gateway = gateways.find((name) => name === values.gateway);
	if (gateway === undefined) {
		throw new UsageError(`--gateway ${values.gateway}: must be ${gateways.join(" or ")}.`);
	}
	if (values.outage !== undefined && gateway !== "sandbox") {
		throw new UsageError("--outage needs --gateway sandbox.");
	}
	type Count = "orders" | "rate" | "connections" | "warm-up" | "outage";
	const count = (name: Count, min: number, max: number) => {
		const text = values[name];
		return text === undefined ? undefined : wholeNumber(name, text, { min, max });
	};
	return {
		orders: count("orders", 1, ORDERS_MAX) ?? (smoke ? ORDERS_SMOKE : ORDERS_DEFAULT),
		rate: count("rate", 1, RATE_MAX),
		connections: count("connections", 1, CONNECTIONS_MAX) ?? CONNECTIONS_DEFAULT,
		warm_up: count("warm-up", 0, ORDERS_MAX) ?? (smoke ? 0 : WARM_UP_DEFAULT),
		roles_split: values["roles-split"],
		intake_only: values["intake-only"],
		gateway,
		outage_s: count("outage", 1, OUTAGE_S_MAX),
		json: values.json,
		help: values.help,
	};
}

/** The roles of each process, as `--roles` takes them. */
export function roleGroups({ roles_split, intake_only }: Options): readonly string[] {
	if (intake_only) return ["order"];
	return roles_split ? moduleNames : ["all"];
}
