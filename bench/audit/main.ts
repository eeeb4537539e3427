import { rmSync } from "node:fs";
import { readFlags } from "../../src/cli/read-flags.ts";
import { UsageError } from "../../src/cli/usage-error.ts";
import { wholeNumber } from "../../src/cli/whole-number.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { type AuditFigures, measureAudit } from "./run.ts";

const HELP = `Usage: bun run bench:audit [options]

Starts a private PostgreSQL (fsync on), a private nats-server (sync_interval: always) and millrace with
the role audit alone, publishes the four events of each order at a fixed rate from a process of its own,
and measures how far the log is behind. In the end the log is verified. Exit code 1 when it is not sound.

  --rate N      events a second (default 40000)
  --seconds S   for how long (default 30)
  --json        print one JSON object instead of the table
  --help        show this text`;

const EXIT_WRONG = 1;
const EXIT_USAGE = 2;
const RATE_MAX = 1_000_000;
const SECONDS_MAX = 3_600;

async function bench(args: readonly string[]): Promise<number> {
	const flags = readFlags(args, options);
	if (flags.help) {
		console.log(HELP);
		return 0;
	}
	const rate = wholeNumber("rate", flags.rate, { min: 40, max: RATE_MAX });
	const seconds = wholeNumber("seconds", flags.seconds, { min: 1, max: SECONDS_MAX });
	const stops: (() => Promise<void>)[] = [];
	const folder = temporaryFolder("bench-audit");
	try {
		const figures = await measureAudit({ rate, seconds, folder }, (stop) => void stops.push(stop));
		console.log(flags.json ? JSON.stringify(figures) : table(figures));
		return figures.faults === 0 && figures.recorded === figures.events ? 0 : EXIT_WRONG;
	} finally {
		for (const stop of stops.reverse()) await stop();
		rmSync(folder, { recursive: true, force: true });
	}
}

const flag = { type: "boolean", default: false } as const;
const options = {
	rate: { type: "string", default: "40000" },
	seconds: { type: "string", default: "30" },
	json: flag,
	help: flag,
} as const;

function table({ cpu_us_per_event: cpu, ...it }: AuditFigures): string {
	const rows = [
		["events", it.events, "published"],
		["events/s", it.events_per_second, "stored by the broker; less than asked for when it cannot"],
		["recorded", it.recorded, "entries of the log in the end"],
		["lag p50 ms", it.lag_ms.p50, "from stored by the broker to recorded, of all events"],
		["lag p99 ms", it.lag_ms.p99, ""],
		["caught up ms", it.caught_up_ms, "from the last event stored to the last one recorded"],
		["millrace", cpu.millrace, "µs of CPU an event"],
		["nats", cpu.nats, ""],
		["postgres", cpu.postgres, ""],
		["publisher", cpu.publisher, ""],
		["verified/s", it.verified_per_second, "entries, by millrace audit verify"],
		["faults", it.faults, "found by it"],
	] as const;
	return rows
		.map(([name, value, note]) => `${name.padEnd(14)}${`${value ?? "-"}`.padStart(10)}  ${note}`)
		.map((line) => line.trimEnd())
		.join("\n");
}

process.exit(
	await bench(process.argv.slice(2)).catch((error) => {
		console.error(
			error instanceof UsageError
				? `${error.message}\n\n${HELP}`
				: `The benchmark failed: ${error}`,
		);
		return error instanceof UsageError ? EXIT_USAGE : EXIT_WRONG;
	}),
);
