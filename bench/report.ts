import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { consumers, type Figures } from "./figures.ts";
import type { Options } from "./options.ts";
import type { Run } from "./run.ts";
import { POSTGRES_SETTINGS, type Stack } from "./stack.ts";

type Row = readonly [name: string, value: string, note: string];

const NAME_WIDTH = 18;
const VALUE_WIDTH = 10;

/** The figures as aligned lines, with what they were measured on. */
export function table(options: Options, run: Run, stack: Stack): string {
	const { figures, generator } = run;
	const measured = [
		rateRows(figures),
		outageRows(figures),
		troubleRows(generator),
		cpuRows(figures),
		verdictRows(figures),
	].filter((rows) => rows.length > 0);
	return [conditions(options, run, stack), ...measured.map(aligned)].join("\n\n");
}

function aligned(rows: readonly Row[]): string {
	const line = ([name, value, note]: Row) =>
		`${name.padEnd(NAME_WIDTH)}${value.padStart(VALUE_WIDTH)}  ${note}`.trimEnd();
	return rows.map(line).join("\n");
}

function conditions(options: Options, { postgres_version }: Run, stack: Stack): string {
	const { orders, rate, connections, warm_up } = options;
	const settings = Object.entries(POSTGRES_SETTINGS).map((setting) => setting.join("="));
	const loop = rate ? `open loop at ${rate}/s` : "closed loop";
	const lines = {
		commit: commit(),
		machine: machine(),
		versions: [
			`Bun ${Bun.version}`,
			`nats-server ${stack.nats_version}`,
			`PostgreSQL ${postgres_version}`,
		].join(", "),
		load: `${orders} orders after ${warm_up} to warm up, ${connections} connections, ${loop}`,
		processes: stack.millrace.map(({ roles }) => roles).join(" | "),
		gateway: options.gateway + (options.outage_s ? `, away for ${options.outage_s} s` : ""),
		"nats-server": "sync_interval=always",
		PostgreSQL: settings.join(" "),
	};
	const line = ([name, value]: [string, string]) => `${name.padEnd(NAME_WIDTH)}${value}`;
	return Object.entries(lines).map(line).join("\n");
}

function commit(): string {
	const git = (...args: string[]) =>
		Bun.spawnSync(["git", "-C", join(import.meta.dir, ".."), ...args], { stderr: "ignore" });
	const hash = git("rev-parse", "--short", "HEAD").stdout.toString().trim() || "unknown";
	return git("status", "--porcelain").stdout.length > 0 ? `${hash} with changes` : hash;
}

function machine(): string {
	const cores = cpus();
	const gibibytes = Math.round(totalmem() / 1024 ** 3);
	const model = cores[0]?.model ?? "unknown";
	return `${cores.length} cores (${model}), ${gibibytes} GiB, ${process.platform}-${process.arch}`;
}

function rateRows({ orders, accepted, confirmed, latency_ms, ...rates }: Figures): Row[] {
	return [
		["orders", `${orders}`, "sent"],
		["accepted", `${accepted}`, "answered with 202"],
		["confirmed", `${confirmed}`, "one order in 200 asks for what is sold out and is cancelled"],
		["intake/s", `${rates.intake_per_second}`, "accepted, from the first send to the last 202"],
		["orders/s", said(rates.orders_per_second), "ended, from the first send to the last end"],
		["p50 ms", tenths(latency_ms.p50), "from when an order was due to its end in Postgres"],
		["p99 ms", tenths(latency_ms.p99), ""],
	];
}

function outageRows({ after_outage }: Figures): Row[] {
	if (after_outage === null) return [];
	const { first_end_ms, waited, ended_per_second } = after_outage;
	return [
		["first end ms", `${first_end_ms}`, "from the end of the outage to the first order that ended"],
		["waited", `${waited}`, "orders that were due before the end of the outage"],
		[
			"drained/s",
			`${ended_per_second}`,
			"of these, from the end of the outage to the last one's end",
		],
	];
}

function troubleRows({ refused, broken, last_trouble }: Run["generator"]): Row[] {
	if (refused + broken === 0) return [];
	return [
		["refused", `${refused}`, "answered with something else"],
		["broken", `${broken}`, `never answered; the last of either: ${last_trouble}`],
	];
}

function cpuRows({ cpu_us_per_order: cpu }: Figures): Row[] {
	const total = consumers.reduce<number | null>((sum, name) => {
		const share = cpu[name];
		return sum === null || share === null ? null : sum + share;
	}, 0);
	return [
		...consumers.map((name): Row => [name, tenths(cpu[name]), "µs of CPU an accepted order"]),
		["together", tenths(total), ""],
	];
}

function verdictRows({ verdict }: Figures): Row[] {
	return [
		["lost", said(verdict.lost), "accepted, and missing or not ended"],
		["charged twice", said(verdict.charged_twice), "or charged for nothing, or confirmed unpaid"],
		["oversold", said(verdict.oversold), "SKUs, and confirmed orders for which nothing is held"],
		["audit missing", said(verdict.audit_missing), "events not in the log exactly once"],
	];
}

function said(value: number | null): string {
	return value === null ? "-" : `${value}`;
}

function tenths(value: number | null): string {
	return value === null ? "-" : value.toFixed(1);
}
