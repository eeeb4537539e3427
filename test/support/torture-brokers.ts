import { privateNats } from "./nats.ts";
import { natsCluster } from "./nats-cluster.ts";

/** The nats-servers of a torture: one, or three that have every stream three times. */
export interface Brokers {
	readonly url: string;
	/** Variables of every process that uses them. */
	readonly environment: Record<string, string>;
	/** The position of the server of a name. */
	position(name: string): number;
	/** SIGKILL of some at once, and each up again with what it had after `down_ms`. */
	kill(positions: readonly number[], down_ms: number): Promise<void>;
	/** What the only one has now, for {@link loseStore}. */
	copyStore(): Promise<string>;
	/** SIGKILL of the only one, and up again after `down_ms` with an older copy of its store, or an empty one. */
	loseStore(copy: string | undefined, down_ms: number): Promise<void>;
	stop(): Promise<void>;
}

export type BrokerCount = 1 | 3;

export async function startBrokers(count: BrokerCount): Promise<Brokers> {
	return count === 1 ? oneBroker() : threeBrokers();
}

async function oneBroker(): Promise<Brokers> {
	const nats = await privateNats();

	async function kill(down_ms: number, meanwhile: () => void = () => {}) {
		await nats.kill();
		meanwhile();
		await Bun.sleep(down_ms);
		await nats.restart();
	}

	return {
		url: nats.url,
		environment: {},
		position: () => 0,
		kill: (_, down_ms) => kill(down_ms),
		copyStore: nats.copyStore,
		loseStore: (copy, down_ms) => kill(down_ms, () => nats.replaceStore(copy)),
		stop: nats.stop,
	};
}

async function threeBrokers(): Promise<Brokers> {
	const nats = await natsCluster({ advertised: false });
	const notOfThree = async () => {
		throw new Error("of three brokers none loses its store");
	};
	return {
		url: nats.url,
		environment: { NATS_REPLICAS: "3" },
		position: nats.position,
		async kill(positions, down_ms) {
			await Promise.all(positions.map(nats.kill));
			await Bun.sleep(down_ms);
			await Promise.all(positions.map(nats.start));
		},
		copyStore: notOfThree,
		loseStore: notOfThree,
		stop: nats.stop,
	};
}
