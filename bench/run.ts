import { join } from "node:path";
import { readLedger } from "../src/modules/payment/in-process-gateway.ts";
import { auditEvents } from "./audit-events.ts";
import { cpuOf } from "./cpu.ts";
import { type BenchDatabase, type OrderRow, openBenchDatabase } from "./database.ts";
import { type Consumer, consumers, endFigures, type Figures, perSecond } from "./figures.ts";
import type { GeneratorLine } from "./generator.ts";
import { readJournal } from "./journal.ts";
import type { Options } from "./options.ts";
import type { Progress } from "./progress.ts";
import { runGenerator } from "./run-generator.ts";
import type { Stack } from "./stack.ts";
import {
	countAuditMissing,
	countChargedTwice,
	countLost,
	expectedEntries,
	type Verdict,
} from "./verdict.ts";
import { pollUntil, watchPending } from "./wait-ended.ts";
import { stockFor } from "./workload.ts";

/** What a run needs, apart from what is to be measured. */
export interface RunNeeds {
	readonly stack: Stack;
	/** For the journal. */
	readonly folder: string;
	readonly progress: Progress;
	/** Takes what stops each thing that was started. */
	cleanUp(stop: () => Promise<void>): void;
}

/** A finished run. */
export interface Run {
	readonly figures: Figures;
	readonly generator: GeneratorLine;
	readonly postgres_version: string;
}

/** Loads a running stack, waits for the end of every order, and counts what the stores hold. */
export async function run(options: Options, needs: RunNeeds): Promise<Run> {
	const { stack, folder, cleanUp } = needs;
	const database = openBenchDatabase(stack.database_url);
	cleanUp(() => database.close());
	if (stack.stock_url) await fillStock(stack.stock_url, options.orders);
	const journal = join(folder, "accepted.txt");
	const before = cpuNow(stack);
	const generator = await sendAll(options, database, { ...needs, journal });
	await untilPublished(database, stack);
	const after = cpuNow(stack);
	const accepted = readJournal(journal);
	const orders = await database.orders();
	return {
		generator,
		postgres_version: await database.version(),
		figures: {
			orders: options.orders,
			accepted: accepted.size,
			confirmed: orders.filter(({ status }) => status === "confirmed").length,
			intake_per_second: Math.round(
				perSecond(accepted.size, generator.last_accepted_ms - generator.first_sent_ms),
			),
			...endFigures(accepted, orders, generator.first_sent_ms),
			cpu_us_per_order: perOrder({ before, after, generator }, accepted.size),
			verdict: await judge(database, stack, accepted, orders),
		},
	};
}

async function fillStock(url: string, orders: number): Promise<void> {
	const answer = await fetch(`${url}/v1/stock/receipts`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify({ receipt_id: "bench", lines: stockFor(orders) }),
	});
	if (answer.status !== 201) {
		throw new Error(`The stock was not taken (${answer.status}): ${await answer.text()}`);
	}
}

/** Resolves when all orders were answered and, where roles for it run, have ended. */
async function sendAll(
	{ orders, rate, connections }: Options,
	database: BenchDatabase,
	{ stack, progress, cleanUp, journal }: RunNeeds & { readonly journal: string },
): Promise<GeneratorLine> {
	const ends = stack.stock_url !== undefined;
	let line: GeneratorLine | undefined;
	let pending = 0;
	const show = () => {
		const { accepted = 0, backlog = 0 } = line ?? {};
		progress.show({ accepted, backlog, ended: Math.max(0, accepted - pending) });
	};
	const load = { url: stack.order_url, orders, rate, connections, journal };
	const generator = runGenerator(load, (latest) => {
		line = latest;
		show();
	});
	cleanUp(() => generator.stop());
	const ask = watchPending(database, () => line?.done === true);
	const finished = await generator.finished;
	if (!ends) return finished;
	await pollUntil(
		async () => {
			pending = await ask();
			show();
			return pending;
		},
		(count) => count === 0,
	);
	return finished;
}

/** Until every event has left for the broker and, where its role runs, is in the audit log. */
async function untilPublished(database: BenchDatabase, { stock_url }: Stack): Promise<void> {
	await pollUntil(database.unpublished, (rows) => rows === 0);
	if (stock_url === undefined) return;
	const entries = expectedEntries(await database.states());
	await pollUntil(database.auditSize, (size) => size >= entries);
}

async function judge(
	database: BenchDatabase,
	{ data_folder, stock_url }: Stack,
	accepted: ReadonlyMap<string, number>,
	rows: readonly OrderRow[],
): Promise<Verdict> {
	const ends = stock_url !== undefined;
	const orders = byId(rows);
	const lost = countLost(accepted.keys(), orders, ends);
	if (!ends) return { lost, charged_twice: null, oversold: null, audit_missing: null };
	return {
		lost,
		charged_twice: countChargedTwice(orders, readLedger(join(data_folder, "gateway"))),
		oversold: await database.oversold(),
		audit_missing: countAuditMissing(orders, auditEvents(join(data_folder, "audit"))),
	};
}

function byId(rows: readonly OrderRow[]): ReadonlyMap<string, OrderRow> {
	return new Map(rows.map((row) => [row.order_id, row]));
}

type Servers = Exclude<Consumer, "generator">;
type Cpu = Readonly<Record<Servers, number | null>>;

function cpuNow({ pids }: Stack): Cpu {
	return { millrace: cpuOf(pids.millrace), nats: cpuOf(pids.nats), postgres: cpuOf(pids.postgres) };
}

function perOrder(
	{ before, after, generator }: { before: Cpu; after: Cpu; generator: GeneratorLine },
	accepted: number,
): Figures["cpu_us_per_order"] {
	const used = (consumer: Consumer) => {
		if (consumer === "generator") return generator.cpu_us;
		const [from, to] = [before[consumer], after[consumer]];
		return from === null || to === null ? null : to - from;
	};
	const shares = consumers.map((consumer) => {
		const cpu_us = used(consumer);
		const share =
			cpu_us === null || accepted === 0 ? null : Math.round((cpu_us * 10) / accepted) / 10;
		return [consumer, share];
	});
	return Object.fromEntries(shares) as Figures["cpu_us_per_order"];
}
