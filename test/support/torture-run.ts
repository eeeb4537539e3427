import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DEAD_LETTER_STREAM } from "../../src/contracts/streams.ts";
import { type Cluster, withCluster } from "./cluster.ts";
import { bringGoods } from "./cluster-load.ts";
import { makeWorkload, seededRandom, type Workload } from "./cluster-workload.ts";
import { startSandbox } from "./sandbox.ts";
import { type BrokerCount, startBrokers } from "./torture-brokers.ts";
import { type Checked, checkInvariants, type Evidence } from "./torture-check.ts";
import { createTormentor, type Tormentor } from "./torture-faults.ts";
import { openJournal, readJournal } from "./torture-journal.ts";
import { createLinks } from "./torture-links.ts";
import { startTortureLoad, type TortureLoad } from "./torture-load.ts";
import type { TortureMessages } from "./torture-messages.ts";
import { mortalPostgres } from "./torture-postgres.ts";
import { type Keeper, keepRunning } from "./torture-processes.ts";
import { type Fault, makeSchedule, TORTURED } from "./torture-schedule.ts";
import { atRest, publishedAgain, sweptEvents } from "./verdict-run.ts";

export interface TortureOptions {
	readonly seed: number;
	readonly lasts_ms: number;
	readonly orders_a_second_max: number;
	readonly faults_a_minute: number;
	readonly brokers: BrokerCount;
	/** Where the logs of the processes are copied to in the end. */
	readonly logs_folder: string | undefined;
}

/** How far it is. */
export interface Sight {
	readonly phase: "start" | "torture" | "heal" | "check";
	readonly elapsed_ms: number;
	readonly accepted: number;
	readonly faults: number;
}

/** Leaves out the clients' and the faults' own randomness: they draw from other seeds. */
const LOAD_SEED = 1_000_003;
const FAULT_SEED = 2_000_003;
const CLIENTS = 64;
const PATIENCE_MS = 60_000;
const REST_MS_MAX = 300_000;
const TICK_MS = 100;

/** One torture, and what became of it as one line. `violations` counts broken promises. */
export async function torture(options: TortureOptions, show: (sight: Sight) => void) {
	const schedule = makeSchedule(options);
	const sandbox = await startSandbox(["--seed", `${options.seed}`]);
	const postgres = await mortalPostgres();
	const brokers = await startBrokers(options.brokers);
	const links = createLinks(sandbox.url);
	let line: Awaited<ReturnType<typeof run>> | undefined;
	try {
		await withCluster(
			{
				processes: TORTURED,
				database_url: postgres.url,
				nats_url: brokers.url,
				environment: brokers.environment,
				sandbox,
				environment_of: links.environmentOf,
			},
			async (cluster) => {
				for (const millrace of cluster.processes) await millrace.start();
				const keeper = keepRunning(cluster.processes);
				const random = seededRandom(options.seed + FAULT_SEED);
				const needs = { cluster, brokers, sandbox, postgres, keeper, links, random };
				const tormentor = createTormentor(needs);
				try {
					line = await run({ cluster, keeper, tormentor, schedule, show }, options);
				} finally {
					keeper.stop();
					copyLogs(cluster, options.logs_folder);
				}
			},
		);
	} finally {
		await links.close();
		await brokers.stop();
		await sandbox.stop();
		await postgres.stop();
	}
	return { ...(line as NonNullable<typeof line>), schedule };
}

function copyLogs({ processes }: Cluster, folder: string | undefined) {
	if (folder === undefined) return;
	mkdirSync(folder, { recursive: true });
	for (const [position, { roles, log_file }] of processes.entries()) {
		cpSync(log_file, join(folder, `${position}-${roles.join("-")}.log`));
	}
}

interface Rig {
	readonly cluster: Cluster;
	readonly keeper: Keeper;
	readonly tormentor: Tormentor;
	readonly schedule: readonly Fault[];
	readonly show: (sight: Sight) => void;
}

async function run(rig: Rig, options: TortureOptions) {
	const { cluster, tormentor, schedule, show } = rig;
	const { seed, lasts_ms, orders_a_second_max } = options;
	const orders = Math.ceil((lasts_ms / 1_000) * orders_a_second_max);
	const workload = makeWorkload({ seed, orders, scarce: true });
	await bringGoods(cluster, workload.goods);
	const file = join(cluster.data_folder, "journal");
	const journal = await openJournal(file);
	const load = startTortureLoad({
		orders: workload.orders,
		orders_a_second_max,
		clients: CLIENTS,
		urls: cluster.hosting("order").map(({ http_url }) => http_url),
		journal,
		random: seededRandom(seed + LOAD_SEED),
	});
	const begun_ms = performance.now();
	const elapsed_ms = () => Math.round(performance.now() - begun_ms);
	const tell = (phase: Sight["phase"]) =>
		show({
			phase,
			elapsed_ms: elapsed_ms(),
			accepted: load.saw.accepted,
			faults: countOf(tormentor),
		});
	for (let next = 0; elapsed_ms() < lasts_ms; ) {
		for (; (schedule[next]?.at_ms ?? lasts_ms) <= elapsed_ms(); next += 1) {
			void tormentor.torment(schedule[next] as Fault);
		}
		tell("torture");
		await Bun.sleep(TICK_MS);
	}
	tell("heal");
	const troubles = await healAndRest(rig, load);
	const rest_ms = elapsed_ms() - lasts_ms;
	await journal.close();
	tell("check");
	const checked = await check(rig, workload, file);
	return summary(rig, { seed, load, checked, troubles, elapsed_ms: elapsed_ms(), rest_ms });
}

function countOf({ done }: Tormentor): number {
	return Object.values(done).reduce((sum, count) => sum + count, 0);
}

/** @returns what did not come to rest */
async function healAndRest({ cluster, tormentor }: Rig, load: TortureLoad): Promise<string[]> {
	const troubles: string[] = [];
	const note = (error: Error) => void troubles.push(error.message);
	await tormentor.heal().catch(note);
	await load.stop(PATIENCE_MS);
	await atRest(cluster, REST_MS_MAX).catch(note);
	return troubles;
}

async function check({ cluster, tormentor }: Rig, { goods }: Workload, file: string) {
	return checkInvariants(await evidenceOf(cluster, goods, file, tormentor.messages));
}

type Poison = Pick<TortureMessages, "poisoned" | "poison_lost">;

/** @param file the clients' journal */
export async function evidenceOf(
	cluster: Cluster,
	goods: Workload["goods"],
	file: string,
	{ poisoned, poison_lost }: Poison = { poisoned: new Set(), poison_lost: new Set() },
): Promise<Evidence> {
	const { database_urls, gateway, audit_folder, data_folder } = cluster;
	return {
		database_urls,
		gateway,
		audit_folder,
		audit_key: readFileSync(join(data_folder, "audit.key.pub"), "utf8"),
		journal: readJournal(file),
		goods,
		letters: await readLetters(cluster),
		letters_expected: poisoned,
		letters_lost: poison_lost,
	};
}

/** What lies in the dead-letter stream, as `consumer stream sequence`. */
async function readLetters({ broker: { jsm } }: Cluster): Promise<ReadonlySet<string>> {
	const { state } = await jsm.streams.info(DEAD_LETTER_STREAM);
	const letters = new Set<string>();
	if (state.messages === 0) return letters;
	for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
		const letter = await jsm.streams.getMessage(DEAD_LETTER_STREAM, { seq });
		const header = (name: string) => letter?.header.get(`Millrace-${name}`) ?? "";
		if (letter === null) continue;
		letters.add(
			["Consumer", "Original-Stream", "Original-Sequence"].map((name) => header(name)).join(" "),
		);
	}
	return letters;
}

interface Outcome {
	readonly seed: number;
	readonly load: TortureLoad;
	readonly checked: Checked;
	readonly troubles: readonly string[];
	readonly elapsed_ms: number;
	readonly rest_ms: number;
}

async function summary({ cluster, keeper, tormentor }: Rig, outcome: Outcome) {
	const { seed, load, checked, troubles, elapsed_ms, rest_ms } = outcome;
	const { unexpected, ...clients } = load.saw;
	const { confirmed, cancelled, charged_once, refunds, events } = checked.report.counted;
	const [again] = await cluster.sql.payment<[{ count: number }]>`
		select count(*)::int as count from millrace_payment.charges where fence > 1`;
	const broken = Object.values(checked.violations).reduce((sum, { count }) => sum + count, 0);
	return {
		test: "torture",
		seed,
		orders: clients.accepted,
		faults: countOf(tormentor),
		violations: broken + troubles.length + unexpected.length,
		broken: checked.violations,
		troubles,
		unexpected,
		faults_by_kind: tormentor.done,
		faults_not_done: tormentor.failed,
		absorbed: {
			redeliveries: await cluster.broker.redeliveries(),
			duplicates: tormentor.messages.copies,
			published_again: publishedAgain(cluster),
			claimed_again: again.count,
			swept_events: sweptEvents(cluster),
			replayed: clients.replayed,
		},
		dead_letters_expected: tormentor.messages.poisoned.size,
		dead_letters_lost: tormentor.messages.poison_lost.size,
		ended_by_themselves: keeper.ends,
		clients,
		counted: { confirmed, cancelled, charged_once, refunds, events },
		elapsed_ms,
		rest_ms,
	};
}
