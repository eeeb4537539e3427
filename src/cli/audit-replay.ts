import { readEndpoints } from "../embedded/endpoints.ts";
import type { Difference } from "../replay/compare-order.ts";
import { countDifferences, type ReplayReport } from "../replay/report.ts";
import { runReplay } from "../replay/run-replay.ts";
import { openLog } from "./audit-access.ts";
import { databaseUrls } from "./database-urls.ts";
import type { FlagValues } from "./flags.ts";
import { readSettings } from "./settings.ts";
import { openStepBar } from "./step-bar.ts";
import { wholeNumber } from "./whole-number.ts";

const SETTLE_S = "10";

/** Replays the audit log, compares what it comes to with the tables, and answers 0 when they agree. */
export async function replayAudit(values: FlagValues): Promise<number> {
	const [config, reader] = await Promise.all([readSettings(values), openLog(values)]);
	const settle_ms = wholeNumber("settle-s", values["settle-s"] ?? SETTLE_S) * 1_000;
	const database_urls = values["log-only"]
		? undefined
		: databaseUrls(config, readEndpoints(config.data_folder));
	const { connect_timeout_s } = config.database;
	const bar = values.json || !process.stderr.isTTY ? undefined : openStepBar();
	const options = { settle_ms, ...(bar && { progress: bar.show }) };
	const report = await runReplay({ database_urls, connect_timeout_s, reader }, options).finally(
		() => bar?.close(),
	);
	console.log(values.json ? JSON.stringify(report) : text(report));
	return countDifferences(report) === 0 ? 0 : 1;
}

function text(report: ReplayReport): string {
	const { size, took_ms, rebuilt, foreign, repeated, state_hash, open, erased, compared } = report;
	const pace = Math.round((size / Math.max(took_ms, 1)) * 1_000).toLocaleString("en");
	const lines = [
		`Replayed ${size.toLocaleString("en")} entries in ${(took_ms / 1_000).toFixed(2)} s, ${pace} a second.`,
		"",
		...Object.entries(rebuilt).map(([name, count]) => row(name, count)),
		row("foreign", foreign, "entries of other producers"),
		...(repeated > 0 ? [row("repeated", repeated, "events that were in the log before")] : []),
		...(erased > 0 ? [row("erased", erased, "fields of customers who were forgotten")] : []),
		...(open > 0 ? [row("not settled", open, "written to just now, and not alike yet")] : []),
		`  ${"state".padEnd(NAME_WIDTH)}${state_hash}`,
		"",
	];
	return [...lines, ...(compared ? conclusion(report) : ["It was compared with nothing."])].join(
		"\n",
	);
}

const NAME_WIDTH = 14;
const COUNT_WIDTH = 10;

function row(name: string, count: number, note = ""): string {
	return `  ${name.padEnd(NAME_WIDTH)}${`${count}`.padStart(COUNT_WIDTH)}  ${note}`.trimEnd();
}

function conclusion(report: ReplayReport): string[] {
	const { first, differences } = report;
	if (first === null) return ["The tables are what the log tells."];
	const kinds = Object.entries(differences).flatMap(([kind, { count, examples }]) => [
		`${count} ${kind}`,
		...examples.map((it) => `    ${describe(it)}`),
		...(count > examples.length ? ["    …"] : []),
	]);
	return [
		...kinds,
		"",
		`The log and the tables part first at ${describe(first)}.`,
		`${countDifferences(report)} differences.`,
	];
}

function describe({ kind, order_id, sku, refund_id, log_index, in_log, in_database }: Difference) {
	const where = [
		log_index === null ? undefined : `entry ${log_index}`,
		order_id && `order ${order_id}`,
		refund_id && `refund ${refund_id}`,
		sku && `SKU ${sku}`,
		kind,
	].filter(Boolean);
	return `${where.join(", ")}: ${in_log} in the log, ${in_database} in the database`;
}
