import { join } from "node:path";
import { cpuForEach, cpuUsed } from "../cpu-split.ts";
import { type BenchDatabase, openBenchDatabase } from "../database.ts";
import { type Stack, startStack } from "../stack.ts";
import { EVENTS_AN_ORDER } from "./events.ts";
import { lagOf, lags, type Mark } from "./lag.ts";
import type { Flood, Stored } from "./publisher.ts";

/** What a run gives, as `--json` prints it. Null is what this machine cannot tell. */
export interface AuditFigures {
	readonly events: number;
	/** Stored by the broker, over the time from the first to the last. */
	readonly events_per_second: number;
	/** Entries of the log in the end. */
	readonly recorded: number;
	/** From when an event was stored to when it was recorded. */
	readonly lag_ms: { readonly p50: number; readonly p99: number };
	/** From the last event stored to the last one recorded. */
	readonly caught_up_ms: number;
	readonly cpu_us_per_event: Readonly<
		Record<"millrace" | "nats" | "postgres" | "publisher", number | null>
	>;
	readonly verified_per_second: number;
	/** What a verification of the log found. */
	readonly faults: number;
}

const MAIN = join(import.meta.dir, "../../src/main.ts");
const LOOK_MS = 20;
/** So long without a new entry is the end of it. */
const STILL_MS = 60_000;
const WARM_UP_S = 3;

/** @param cleanUp takes what stops each thing that was started, at once */
export async function measureAudit(
	{ rate, seconds, folder }: { rate: number; seconds: number; folder: string },
	cleanUp: (stop: () => Promise<void>) => void,
): Promise<AuditFigures> {
	const plan = { role_groups: ["audit"], gateway: "in-process" } as const;
	const stack = await startStack(plan, folder, cleanUp);
	const failure = stack.failed.then((what) => {
		throw new Error(what);
	});
	const database = openBenchDatabase(stack.database_url);
	cleanUp(() => database.close());
	return await Promise.race([measure(stack, database, rate, seconds), failure]);
}

async function measure(
	stack: Stack,
	database: BenchDatabase,
	rate: number,
	seconds: number,
): Promise<AuditFigures> {
	const { nats_url } = stack;
	const warm_up = await follow({ nats_url, rate, events: whole(rate * WARM_UP_S) }, database, 0);
	const before = cpuUsed(stack);
	const run = await follow(
		{ nats_url, rate, events: whole(rate * seconds) },
		database,
		warm_up.recorded,
	);
	const after = cpuUsed(stack);
	const events = run.stored.at(-1)?.events ?? 0;
	const published_us = run.stored.at(-1)?.cpu_us ?? 0;
	const cpu = cpuForEach(before, after, published_us, events);
	const first_ms = run.stored[0]?.at_ms ?? 0;
	const last_ms = run.stored.at(-1)?.at_ms ?? 0;
	const all = lags(run.stored, run.marks);
	return {
		events: events + warm_up.recorded,
		events_per_second: Math.round(
			((events - (run.stored[0]?.events ?? 0)) * 1_000) / (last_ms - first_ms),
		),
		recorded: warm_up.recorded + run.recorded,
		lag_ms: { p50: Math.round(lagOf(all, 0.5)), p99: Math.round(lagOf(all, 0.99)) },
		caught_up_ms: Math.round((run.marks.at(-1)?.at_ms ?? last_ms) - last_ms),
		cpu_us_per_event: {
			millrace: cpu.millrace,
			nats: cpu.nats,
			postgres: cpu.postgres,
			publisher: cpu.generator,
		},
		...(await verified(stack.data_folder)),
	};
}

/** Publishes, and looks how far the log is until it has everything. */
async function follow(flood: Flood, database: BenchDatabase, already: number) {
	const publisher = Bun.spawn(
		[process.execPath, join(import.meta.dir, "publisher.ts"), JSON.stringify(flood)],
		{ stdin: "pipe", stdout: "pipe", stderr: "inherit" },
	);
	const output = new Response(publisher.stdout).text();
	const marks: Mark[] = [];
	let moved_ms = performance.now();
	for (let recorded = 0; recorded < flood.events; ) {
		const size = (await database.auditSize()) - already;
		if (size > recorded) moved_ms = performance.now();
		recorded = size;
		marks.push({ at_ms: Date.now(), events: recorded });
		if (performance.now() - moved_ms > STILL_MS) break;
		await Bun.sleep(LOOK_MS);
	}
	const stored = (await output)
		.split("\n")
		.filter(Boolean)
		.map((line) => JSON.parse(line) as Stored);
	if ((await publisher.exited) !== 0) throw new Error("the publisher failed");
	return { stored, marks, recorded: marks.at(-1)?.events ?? 0 };
}

async function verified(data_folder: string) {
	const store = join(data_folder, "audit");
	const key = join(data_folder, "audit.key.pub");
	const verify = Bun.spawn(
		[process.execPath, MAIN, "audit", "verify", `--store=${store}`, `--key=${key}`, "--json"],
		{ stdout: "pipe", stderr: "inherit" },
	);
	const { entries_checked, faults, took_s } = JSON.parse(await new Response(verify.stdout).text());
	return { verified_per_second: Math.round(entries_checked / took_s), faults: faults.length };
}

/** So many events of whole orders. */
function whole(events: number): number {
	return Math.ceil(events / EVENTS_AN_ORDER) * EVENTS_AN_ORDER;
}
