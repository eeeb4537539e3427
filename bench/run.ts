import { join } from "node:path";
import { type CpuUsed, cpuForEach, cpuUsed } from "./cpu-split.ts";
import { type OrderRow, openBenchDatabase } from "./database.ts";
import { endFigures, type Figures, outageFigures, perSecond } from "./figures.ts";
import type { GeneratorLine } from "./generator.ts";
import { readJournal } from "./journal.ts";
import { judge } from "./judge.ts";
import type { Options } from "./options.ts";
import { type SendNeeds, sendOrders } from "./send-orders.ts";
import { stockFor } from "./workload.ts";

/** What a run needs, apart from what is to be measured. */
export interface RunNeeds extends Omit<SendNeeds, "database"> {
	/** For the journals. */
	readonly folder: string;
}

/** A finished run. */
export interface Run {
	readonly figures: Figures;
	readonly generator: GeneratorLine;
	readonly postgres_version: string;
}

/** The orders of one load that were accepted, with when they were due. */
type Accepted = ReadonlyMap<string, number>;

/** Loads a running stack, waits for the end of every order, and counts what the stores hold. */
export async function run(options: Options, needs: RunNeeds): Promise<Run> {
	const { stack, cleanUp } = needs;
	const database = openBenchDatabase(stack.database_url);
	cleanUp(() => database.close());
	const send = sender(options, { ...needs, database });
	const warm = options.warm_up > 0 ? await send("warm-up", options.warm_up) : undefined;
	const measured = await send("measured", options.orders, options.outage_s);
	const rows = await database.orders();
	const postgres_version = await database.version();
	const accepted = [...(warm?.accepted.keys() ?? []), ...measured.accepted.keys()];
	const verdict = await judge({ ...stack, rows, accepted });
	const figures = { ...figuresOf(options, measured, rows), verdict };
	return { figures, generator: measured.generator, postgres_version };
}

interface Sent {
	readonly generator: GeneratorLine;
	readonly accepted: Accepted;
	readonly before: CpuUsed;
	readonly after: CpuUsed;
	/** When the gateway came back, epoch ms; undefined when it was not away. */
	readonly outage_over_ms: number | undefined;
}

function sender({ rate, connections }: Options, needs: RunNeeds & SendNeeds) {
	const { stack, folder, progress } = needs;
	return async (name: string, orders: number, outage_s?: number): Promise<Sent> => {
		progress.begin(name, orders);
		if (stack.stock_url) await fillStock(stack.stock_url, name, orders);
		const journal = join(folder, `${name}.txt`);
		const before = cpuUsed(stack);
		if (outage_s !== undefined) await beginOutage(`${stack.gateway_url}`, outage_s);
		const outage_over_ms = outage_s === undefined ? undefined : Date.now() + outage_s * 1_000;
		const load = { url: stack.order_url, orders, rate, connections, journal };
		const generator = await sendOrders(load, needs);
		const accepted = readJournal(journal);
		return { generator, before, after: cpuUsed(stack), accepted, outage_over_ms };
	};
}

async function beginOutage(gateway_url: string, seconds: number): Promise<void> {
	const body = JSON.stringify({ kind: "refuse", seconds });
	const answer = await fetch(`${gateway_url}/_sandbox/outage`, { method: "POST", body });
	if (!answer.ok) throw new Error(`The gateway did not go away: ${await answer.text()}`);
}

async function fillStock(url: string, receipt_id: string, orders: number): Promise<void> {
	const answer = await fetch(`${url}/v1/stock/receipts`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify({ receipt_id, lines: stockFor(orders) }),
	});
	if (answer.status !== 201) {
		throw new Error(`The stock was not taken (${answer.status}): ${await answer.text()}`);
	}
}

function figuresOf(
	{ orders }: Options,
	{ generator, accepted, before, after, outage_over_ms }: Sent,
	rows: readonly OrderRow[],
): Omit<Figures, "verdict"> {
	const { first_sent_ms, last_accepted_ms, cpu_us } = generator;
	const ours = rows.filter(({ order_id }) => accepted.has(order_id));
	return {
		orders,
		accepted: accepted.size,
		confirmed: ours.filter(({ status }) => status === "confirmed").length,
		intake_per_second: Math.round(perSecond(accepted.size, last_accepted_ms - first_sent_ms)),
		...endFigures(accepted, ours, first_sent_ms),
		after_outage:
			outage_over_ms === undefined ? null : outageFigures(accepted, ours, outage_over_ms),
		cpu_us_per_order: cpuForEach(before, after, cpu_us, accepted.size),
	};
}
