import type { StoredMsg } from "@nats-io/jetstream";
import { headers } from "nats";
import { type EventStream, eventStreams, moduleNames } from "../../src/contracts/streams.ts";
import type { Cluster } from "./cluster.ts";
import type { Proxy as TcpProxy } from "./proxy.ts";
import type { SandboxProcess } from "./sandbox.ts";
import type { Brokers } from "./torture-brokers.ts";
import type { Links } from "./torture-links.ts";
import type { MortalPostgres } from "./torture-postgres.ts";
import type { Keeper } from "./torture-processes.ts";
import { type Fault, POISONED } from "./torture-schedule.ts";
import { eventually } from "./wait.ts";

export interface TormentorNeeds {
	readonly cluster: Cluster;
	readonly brokers: Brokers;
	readonly sandbox: SandboxProcess;
	readonly postgres: MortalPostgres;
	readonly keeper: Keeper;
	readonly links: Links;
	readonly random: () => number;
}

/** A message that a consumer can only park: `consumer stream sequence`. */
export type PoisonId = string;

export interface Tormentor {
	/** Faults that were done, by kind. */
	readonly done: Readonly<Record<string, number>>;
	/** Faults that could not be done, with the reason. */
	readonly failed: readonly string[];
	/** What must be in the dead-letter stream. */
	readonly poisoned: ReadonlySet<PoisonId>;
	/** What may be there or not: the broker alone had it, and has lost its store since. */
	readonly poison_lost: ReadonlySet<PoisonId>;
	readonly duplicates: number;
	/** Does it, and resolves when it is over. Never rejects. Faults of one thing wait for each other. */
	torment(fault: Fault): Promise<void>;
	/** Resolves when all faults are over and everything is let through. */
	heal(): Promise<void>;
}

const POISON = "not JSON";
const BACK_MS_MAX = 20_000;
const HEAL_MS_MAX = 180_000;
const GATEWAY_FAULT = 0.3;
const DELAY_MS = 150;
const BYTES_A_SECOND_MAX = 50_000;
/** Of the last events of a stream, copies are made. */
const RECENT = 2_000;
/** By then the broker has forgotten the ids, and events go out again under their own. */
const FORGOTTEN_MS = 40_000;

export function createTormentor(needs: TormentorNeeds): Tormentor {
	const { cluster, brokers, sandbox, postgres, keeper, links, random } = needs;
	const { broker, processes, sql } = cluster;
	const done: Record<string, number> = {};
	const failed: string[] = [];
	const poisoned = new Set<PoisonId>();
	const poison_lost = new Set<PoisonId>();
	const last = new Map<string, Promise<void>>();
	let duplicates = 0;
	let losses = 0;

	async function act(fault: Fault): Promise<void> {
		const { lasts_ms } = fault;
		switch (fault.kind) {
			case "kill":
				return keeper.kill(fault.process, lasts_ms);
			case "crash-point":
				return keeper.kill(fault.process, 0, { CRASH_AT: fault.point });
			case "freeze": {
				processes[fault.process]?.freeze();
				await Bun.sleep(lasts_ms);
				return processes[fault.process]?.thaw();
			}
			case "link":
				return disturbLink(fault);
			case "gateway-faults":
				await sandbox.faults({ charge: { [fault.fault]: GATEWAY_FAULT } });
				await Bun.sleep(lasts_ms);
				return sandbox.faults({});
			case "gateway-outage":
				await sandbox.outage(fault.outage, lasts_ms / 1_000);
				await Bun.sleep(lasts_ms);
				return void (await eventually(() => sandbox.stats(), { timeout_ms: BACK_MS_MAX }));
			case "nats-kill":
				return brokers.kill(await positionsOf(fault), lasts_ms);
			case "nats-amnesia":
				return loseStore(fault);
			case "postgres-restart":
				return postgres.restart(lasts_ms);
			case "postgres-kill":
				return postgres.kill9(lasts_ms);
			case "postgres-terminate":
				return terminateBackends(fault.backends);
			case "duplicates":
				return publishAgain(fault.copies);
			case "poison":
				return poison(fault.subject);
		}
	}

	async function disturbLink({ process, server, trouble, lasts_ms }: Fault & { kind: "link" }) {
		const proxies = links.between(process, server);
		for (const proxy of proxies) await disturb(proxy, trouble);
		await Bun.sleep(lasts_ms);
		for (const proxy of proxies) await proxy.mend();
	}

	async function positionsOf({ victims }: Fault & { kind: "nats-kill" }) {
		if (victims !== "leader") return victims;
		const leaderOf = () => broker.leaderOf("ORDERS");
		return [brokers.position(await eventually(leaderOf, { timeout_ms: BACK_MS_MAX }))];
	}

	async function loseStore({ store, lasts_ms }: Fault & { kind: "nats-amnesia" }) {
		if (store === "empty") {
			excusePoison();
			await brokers.loseStore(undefined, lasts_ms);
		} else {
			const copy = await brokers.copyStore();
			await Bun.sleep(store.older_ms);
			excusePoison();
			await brokers.loseStore(copy, lasts_ms);
		}
		excusePoison();
	}

	/** Neither what cannot be read nor its letters are anywhere but in the broker. */
	function excusePoison() {
		losses += 1;
		for (const id of poisoned) poison_lost.add(id);
		poisoned.clear();
	}

	async function terminateBackends(count: number) {
		const terminate = () => sql.order`
			select pg_terminate_backend(pid) from pg_stat_activity
			where application_name = 'millrace' order by random() limit ${count}`;
		await eventually(terminate, { timeout_ms: BACK_MS_MAX });
	}

	async function publishAgain(copies: number) {
		const streams = (Object.keys(eventStreams) as EventStream[]).filter(
			(stream) => stream !== "OPERATIONS",
		);
		for (let n = 0; n < copies; n += 1) {
			const stream = streams[Math.floor(random() * streams.length)] as EventStream;
			await eventually(() => copyOne(stream), { timeout_ms: BACK_MS_MAX });
		}
	}

	async function copyOne(stream: EventStream) {
		const { state } = await broker.jsm.streams.info(stream);
		if (state.messages === 0) return;
		const from = Math.max(state.first_seq, state.last_seq - RECENT);
		const seq = from + Math.floor(random() * (state.last_seq - from + 1));
		const message = await broker.jsm.streams.getMessage(stream, { seq });
		if (message === null || isPoison(message.data)) return;
		await broker.js.publish(message.subject, message.data, { headers: headersOfCopy(message) });
		duplicates += 1;
	}

	async function poison(subject: string) {
		const id = crypto.randomUUID();
		const publish = () => broker.js.publish(subject, `${POISON} ${id}`, { msgID: id });
		const before = losses;
		const { stream, seq } = await eventually(publish, { timeout_ms: BACK_MS_MAX });
		const ids = losses === before ? poisoned : poison_lost;
		for (const consumer of POISONED[subject] ?? []) ids.add(`${consumer} ${stream} ${seq}`);
	}

	async function torment(fault: Fault): Promise<void> {
		try {
			await act(fault);
			done[fault.kind] = (done[fault.kind] ?? 0) + 1;
		} catch (error) {
			failed.push(`${fault.kind}: ${(error as Error).message}`);
		}
	}

	return {
		done,
		failed,
		poisoned,
		poison_lost,
		get duplicates() {
			return duplicates;
		},
		torment(fault) {
			const thing = thingOf(fault);
			const tormented = (last.get(thing) ?? Promise.resolve()).then(() => torment(fault));
			last.set(thing, tormented);
			return tormented;
		},
		async heal() {
			await Promise.all(last.values());
			await links.mendAll();
			for (const { ops_url } of processes) {
				await eventually(
					async () => {
						if (!(await fetch(`${ops_url}/readyz`)).ok) throw new Error(`${ops_url} is not ready`);
					},
					{ timeout_ms: HEAL_MS_MAX },
				);
			}
			await eventually(() => streamsAreMended(cluster), { timeout_ms: HEAL_MS_MAX });
		},
	};
}

async function disturb(proxy: TcpProxy, trouble: (Fault & { kind: "link" })["trouble"]) {
	if (trouble === "cut") await proxy.cut();
	else if (trouble === "reset") proxy.reset();
	else if (trouble === "half-open") proxy.stall();
	else if (trouble === "delay") proxy.slow({ delay_ms: DELAY_MS });
	else proxy.slow({ bytes_a_second_max: BYTES_A_SECOND_MAX });
}

/** All modules have looked at their streams since the broker was started last, and mended what was lost. */
async function streamsAreMended({ broker: { nc }, sql }: Cluster) {
	const server = nc.info?.cluster ? "" : (nc.info?.server_id ?? "");
	for (const module of moduleNames) {
		const [row] = await sql[module]<[{ open: number }]>`
			select count(*)::int as open from ${sql[module](`millrace_${module}.streams`)}
			where mended < losses or server <> ${server}`;
		if (row.open > 0) throw new Error(`${row.open} streams of ${module} are not mended`);
	}
}

function headersOfCopy({ time, header }: StoredMsg) {
	const own = headers();
	if (Date.now() - time.getTime() <= FORGOTTEN_MS) {
		own.set("Nats-Msg-Id", crypto.randomUUID());
		return own;
	}
	for (const [name, values] of header) {
		if (!name.startsWith("Nats-Batch-")) own.set(name, values[0] ?? "");
	}
	own.set("Millrace-Republished", "1");
	return own;
}

/** A copy of it would be one more dead letter. */
function isPoison(data: Uint8Array): boolean {
	return new TextDecoder().decode(data).startsWith(POISON);
}

function thingOf(fault: Fault): string {
	if (fault.kind === "link") return `${fault.process} ${fault.server}`;
	if ("process" in fault) return `${fault.process}`;
	return fault.kind.split("-")[0] as string;
}
