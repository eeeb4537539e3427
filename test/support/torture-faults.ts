import { moduleNames } from "../../src/contracts/streams.ts";
import type { Cluster } from "./cluster.ts";
import type { Proxy as TcpProxy } from "./proxy.ts";
import type { SandboxProcess } from "./sandbox.ts";
import type { Brokers } from "./torture-brokers.ts";
import type { Links } from "./torture-links.ts";
import { createTortureMessages, type TortureMessages } from "./torture-messages.ts";
import type { MortalPostgres } from "./torture-postgres.ts";
import type { Keeper } from "./torture-processes.ts";
import type { Fault } from "./torture-schedule.ts";
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

export interface Tormentor {
	/** Faults that were done, by kind. */
	readonly done: Readonly<Record<string, number>>;
	/** Faults that could not be done, with the reason. */
	readonly failed: readonly string[];
	readonly messages: Pick<TortureMessages, "poisoned" | "poison_lost" | "copies">;
	/** Does it, and resolves when it is over. Never rejects. Faults of one thing wait for each other. */
	torment(fault: Fault): Promise<void>;
	/** Resolves when all faults are over and everything is let through. */
	heal(): Promise<void>;
}

const BACK_MS_MAX = 20_000;
const HEAL_MS_MAX = 180_000;
const GATEWAY_FAULT = 0.3;
const DELAY_MS = 150;
const BYTES_A_SECOND_MAX = 50_000;

export function createTormentor(needs: TormentorNeeds): Tormentor {
	const { cluster, brokers, sandbox, postgres, keeper, links, random } = needs;
	const { broker, processes, sql } = cluster;
	const done: Record<string, number> = {};
	const failed: string[] = [];
	const messages = createTortureMessages(broker, random);
	const last = new Map<string, Promise<void>>();

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
				return messages.publishAgain(fault.copies);
			case "poison":
				return messages.poison(fault.subject);
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
			messages.excusePoison();
			await brokers.loseStore(undefined, lasts_ms);
		} else {
			const copy = await brokers.copyStore();
			await Bun.sleep(store.older_ms);
			messages.excusePoison();
			await brokers.loseStore(copy, lasts_ms);
		}
		messages.excusePoison();
	}

	async function terminateBackends(count: number) {
		const terminate = () => sql.order`
			select pg_terminate_backend(pid) from pg_stat_activity
			where application_name = 'millrace' order by random() limit ${count}`;
		await eventually(terminate, { timeout_ms: BACK_MS_MAX });
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
		messages,
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

function thingOf(fault: Fault): string {
	if (fault.kind === "link") return `${fault.process} ${fault.server}`;
	if ("process" in fault) return `${fault.process}`;
	return fault.kind.split("-")[0] as string;
}
