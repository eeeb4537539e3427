import { DeliverPolicy, type JsMsg } from "@nats-io/jetstream";
import { headers } from "nats";
import { type EventStream, eventStreams } from "../../src/contracts/streams.ts";
import type { Cluster } from "./cluster.ts";
import { seededRandom } from "./cluster-workload.ts";
import { eventually } from "./wait.ts";

/** Publishes every event again while it is handled, and once more when all is over. */
export interface Duplicates {
	/** Copies that the streams took. */
	readonly offered: number;
	/** Resolves when each event so far has been copied. */
	settled(): Promise<void>;
	/** Publishes all events again under their own ids, marked as the relay marks them. */
	again(): Promise<void>;
	stop(): Promise<void>;
}

const COPY = "Test-Copy";
const WINDOW = 100;
const COPIES_MAX = 3;
const IN_FLIGHT_MAX = 100;
/** Longer than the broker of such a test remembers ids. */
const FORGOTTEN_MS_MAX = 10_000;

/** Copies go out shuffled, a window of events at a time, without an id or with one of their own. */
export async function startDuplicates(cluster: Cluster, seed: number): Promise<Duplicates> {
	const { js, jsm } = cluster.broker;
	const random = seededRandom(seed);
	const originals: JsMsg[] = [];
	let copied = 0;
	let offered = 0;
	let copying: Promise<void> = Promise.resolve();

	async function copyWindow() {
		const events = originals.slice(copied, copied + WINDOW);
		copied += events.length;
		const copies = events.flatMap((event) =>
			Array.from({ length: 1 + Math.floor(random() * COPIES_MAX) }, () => event),
		);
		for (const event of shuffle(copies)) await js.publish(event.subject, event.data, copyOf());
		offered += copies.length;
	}

	function copyOf() {
		const own = headers();
		own.set(COPY, "1");
		if (random() < 0.5) own.set("Nats-Msg-Id", crypto.randomUUID());
		return { headers: own };
	}

	function shuffle<T>(items: readonly T[]): T[] {
		return items
			.map((item) => ({ item, at: random() }))
			.sort((a, b) => a.at - b.at)
			.map(({ item }) => item);
	}

	async function read(stream: EventStream) {
		await jsm.streams.info(stream);
		const consumer = await js.consumers.get(stream, { deliver_policy: DeliverPolicy.All });
		return consumer.consume({
			callback(message) {
				if (message.headers?.has(COPY)) return;
				originals.push(message);
				copying = copying.then(copyWindow);
			},
		});
	}

	async function publishAgain({ subject, data, headers: found }: JsMsg) {
		const own = headers();
		for (const [name, values] of found ?? [])
			if (!name.startsWith("Nats-Batch-")) own.set(name, values[0] ?? "");
		own.set("Millrace-Republished", "1");
		own.set(COPY, "1");
		await eventually(
			async () => {
				const { duplicate } = await js.publish(subject, data, { headers: own });
				if (duplicate) throw new Error("the broker still remembers the id");
			},
			{ timeout_ms: FORGOTTEN_MS_MAX },
		);
		offered += 1;
	}

	const pulls = await Promise.all((Object.keys(eventStreams) as EventStream[]).map(read));
	return {
		get offered() {
			return offered;
		},
		settled: () => copying,
		async again() {
			const events = shuffle(originals);
			for (let from = 0; from < events.length; from += IN_FLIGHT_MAX)
				await Promise.all(events.slice(from, from + IN_FLIGHT_MAX).map(publishAgain));
		},
		async stop() {
			await Promise.all(pulls.map((pull) => pull.close()));
		},
	};
}
