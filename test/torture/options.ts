import { readFlags } from "../../src/cli/read-flags.ts";
import { UsageError } from "../../src/cli/usage-error.ts";
import type { BrokerCount } from "../support/torture-brokers.ts";

export const HELP = `Usage: bun run torture [options]

Runs a whole millrace of seven real processes on a nats-server, a PostgreSQL and a sandbox gateway of its
own, and torments all of them at random while orders come in: kills, freezes, crash points, restarts,
cut, stalled and slow connections, faults and outages of the gateway, duplicated and poisoned messages,
a broker that comes back with an empty store or an older one. In the end all is healed, and once
everything rests, every order is judged: by millrace verify, and by the journal that the clients kept.
Exit code 1 when anything is wrong.

  --seed N      the same seed has the same schedule of faults and the same orders (default 1)
  --minutes M   how long, such as 10 or 0.5 (default 1)
  --rate R      orders a second, at most (default 250)
  --faults F    faults a minute, on average (default 15)
  --brokers B   1 or 3 nats-servers (default 1). Of three, one is killed at a time, which may be a leader,
                or two for up to 10 s; none of them loses its store. A single one does, once in a run
                of a minute or more, and once in each five minutes of a longer one
  --logs PATH   copy the log of each process into this folder in the end, however it went
  --plan        print the schedule and do nothing
  --json        print one JSON object instead of the text
  --help        show this text`;

export interface Options {
	readonly seed: number;
	readonly minutes: number;
	readonly rate: number;
	readonly faults: number;
	readonly brokers: BrokerCount;
	readonly logs: string | undefined;
	readonly plan: boolean;
	readonly json: boolean;
	readonly help: boolean;
}

const SEED_MAX = 2 ** 31 - 1;
const MINUTES_MAX = 1_440;
const MINUTES_MIN = 0.1;
const RATE_MAX = 10_000;
const FAULTS_MAX = 600;

const flag = { type: "boolean", default: false } as const;
const flags = {
	seed: { type: "string", default: "1" },
	minutes: { type: "string", default: "1" },
	rate: { type: "string", default: "250" },
	faults: { type: "string", default: "15" },
	brokers: { type: "string", default: "1" },
	logs: { type: "string" },
	plan: flag,
	json: flag,
	help: flag,
} as const;

/** @throws UsageError saying which flag is wrong and what it may be. */
export function parseOptions(args: readonly string[]): Options {
	const values = readFlags(args, flags);
	const whole = (name: "seed" | "rate" | "faults", min: number, max: number) =>
		numberOf(name, values[name], /^\d+$/, `a whole number from ${min} to ${max}`, { min, max });
	return {
		seed: whole("seed", 0, SEED_MAX),
		minutes: numberOf(
			"minutes",
			values.minutes,
			/^\d+(\.\d+)?$/,
			`a number from ${MINUTES_MIN} to ${MINUTES_MAX}`,
			{ min: MINUTES_MIN, max: MINUTES_MAX },
		),
		rate: whole("rate", 1, RATE_MAX),
		faults: whole("faults", 1, FAULTS_MAX),
		brokers: brokersOf(values.brokers),
		logs: values.logs,
		plan: values.plan,
		json: values.json,
		help: values.help,
	};
}

function brokersOf(text: string): BrokerCount {
	if (text === "1" || text === "3") return Number(text) as BrokerCount;
	throw new UsageError(`--brokers ${text}: must be 1 or 3.`);
}

function numberOf(
	name: string,
	text: string,
	form: RegExp,
	what: string,
	{ min, max }: { readonly min: number; readonly max: number },
): number {
	const value = form.test(text) ? Number(text) : Number.NaN;
	if (value >= min && value <= max) return value;
	throw new UsageError(`--${name} ${text}: must be ${what}.`);
}
