import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import postgres, { type Sql } from "postgres";
import { createInProcessGateway, readLedger } from "../../src/gateway/in-process-gateway.ts";
import { openDirectory } from "../../src/object-store/directory-store.ts";
import { readSignerKey } from "../../src/transparency/keys.ts";
import { readLog } from "../../src/verify/read-log.ts";
import { withCluster } from "./cluster.ts";
import { bringGoods } from "./cluster-load.ts";
import { makeWorkload, seededRandom } from "./cluster-workload.ts";
import { privateDatabase } from "./postgres.ts";
import { writeLog } from "./signed-log.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import type { Evidence } from "./torture-check.ts";
import { openJournal } from "./torture-journal.ts";
import { startTortureLoad } from "./torture-load.ts";
import { evidenceOf } from "./torture-run.ts";
import { atRest } from "./verdict-run.ts";

type LedgerEntry = ReturnType<typeof readLedger>[number];

/** A copy of what a millrace left behind, to be broken as a bug would leave it. */
export interface Scene {
	readonly sql: Sql;
	readonly evidence: Evidence;
	/** Orders that ended well and were charged once. */
	readonly confirmed: readonly string[];
	readonly cancelled: readonly string[];
	/** Writes the log anew, with a signature that holds. The subject and the order lead each entry. */
	rewriteLog(change: (entries: readonly LogLine[]) => readonly LogLine[]): Promise<void>;
	/** Ends the log where a crash did, and leaves what was signed. */
	loseLastBundle(): void;
	/** Writes the gateway's ledger anew. */
	rewriteLedger(change: (entries: readonly LedgerEntry[]) => readonly LedgerEntry[]): void;
	close(): Promise<void>;
}

export interface LogLine {
	readonly subject: string;
	readonly order_id: string;
	readonly bytes: Uint8Array;
}

const ORDERS = 300;
const SEED = 41;
const RATE_MAX = 10_000;
const LOAD_MS_MAX = 30_000;

/** Runs a millrace until it rests, stops it, and answers how to get copies of what it left. */
export async function finishedRun(): Promise<() => Promise<Scene>> {
	const { goods, orders } = makeWorkload({ seed: SEED, orders: ORDERS });
	const kept = temporaryFolder("finished");
	let evidence: Evidence | undefined;
	let template = "";
	await withCluster({ environment: { LOG_LEVEL: "warn" } }, async (cluster) => {
		for (const millrace of cluster.processes) await millrace.start();
		await bringGoods(cluster, goods);
		const file = join(kept, "journal");
		const journal = await openJournal(file);
		const load = startTortureLoad({
			orders,
			orders_a_second_max: RATE_MAX,
			clients: 8,
			urls: [cluster.url("order")],
			journal,
			random: seededRandom(SEED),
		});
		await load.done;
		await load.stop(LOAD_MS_MAX);
		await atRest(cluster);
		await journal.close();
		evidence = await evidenceOf(cluster, goods, file);
		for (const millrace of cluster.processes) await millrace.terminate();
		for (const sql of Object.values(cluster.sql)) await sql.end();
		cpSync(cluster.data_folder, kept, { recursive: true });
		const { pathname } = new URL(cluster.database_urls.order);
		template = (await privateDatabase({ durable: true, template: pathname.slice(1) })).url;
	});
	return () => openScene(evidence as Evidence, kept, new URL(template).pathname.slice(1));
}

async function openScene(original: Evidence, kept: string, template: string): Promise<Scene> {
	const folder = temporaryFolder("scene");
	cpSync(kept, folder, { recursive: true });
	const database = await privateDatabase({ durable: true, template });
	const { url } = database;
	const sql = postgres(url, { max: 1, onnotice() {} });
	const audit_folder = join(folder, "log");
	const ledger_folder = join(folder, "gateway");
	const ended = (status: string) => sql<{ order_id: string }[]>`
		select order_id from millrace_order.orders where status = ${status} order by order_id`;
	const idsOf = async (status: string) => (await ended(status)).map(({ order_id }) => order_id);
	return {
		sql,
		evidence: {
			...original,
			database_urls: { order: url, inventory: url, payment: url, audit: url },
			gateway: createInProcessGateway(ledger_folder),
			audit_folder,
		},
		confirmed: await idsOf("confirmed"),
		cancelled: await idsOf("cancelled"),
		async rewriteLog(change) {
			const lines = change(await readLines(audit_folder));
			rmSync(audit_folder, { recursive: true, force: true });
			const key = readSignerKey(readFileSync(join(folder, "audit.key"), "utf8").trim());
			const entries = lines.map(({ bytes }) => bytes);
			await writeLog(openDirectory(audit_folder), key, [entries]);
			await sql`update millrace_audit.log set size = ${entries.length}`;
		},
		loseLastBundle() {
			const bundles = readdirSync(join(audit_folder, "tile/entries"), { recursive: true })
				.map(String)
				.filter((path) => /\.p\/\d+$/.test(path));
			for (const path of bundles) rmSync(join(audit_folder, "tile/entries", path), { force: true });
		},
		rewriteLedger(change) {
			const entries = change(readLedger(ledger_folder));
			for (const file of readdirSync(ledger_folder)) rmSync(join(ledger_folder, file));
			const text = entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
			writeFileSync(join(ledger_folder, "ledger-1.ndjson"), text);
		},
		async close() {
			await sql.end();
			await database.release();
		},
	};
}

async function readLines(folder: string): Promise<LogLine[]> {
	const bundles = await Array.fromAsync(readLog(openDirectory(folder)));
	return bundles.flatMap(({ entries }) =>
		entries.map((bytes) => {
			const text = Buffer.from(bytes).toString("latin1");
			const [, order_id = ""] = /"order_id":"([^"]+)"/.exec(text) ?? [];
			return { subject: text.slice(0, text.indexOf("\r\n")), order_id, bytes };
		}),
	);
}
