import { jetstream } from "@nats-io/jetstream";
import { connect } from "nats";
import { publishEvents } from "../../src/messaging/publish.ts";
import { EVENTS_AN_ORDER, streams, tellOrders } from "./events.ts";

/** What is published. */
export interface Flood {
	readonly nats_url: string;
	/** Events a second, whatever the broker does. */
	readonly rate: number;
	readonly events: number;
}

/** One line that the publisher prints: so many events were stored by then. */
export interface Stored {
	readonly at_ms: number;
	readonly events: number;
	/** CPU that publishing took so far, microseconds. */
	readonly cpu_us: number;
}

const TICK_MS = 100;
const BATCH_EVENTS_MAX = 1_000;

async function flood({ nats_url, rate, events }: Flood): Promise<void> {
	const nc = await connect({ servers: nats_url });
	const js = jetstream(nc);
	const before = process.cpuUsage();
	const began_ms = performance.now();
	const orders_a_tick = Math.max(1, Math.round((rate * TICK_MS) / 1_000 / EVENTS_AN_ORDER));
	let stored = 0;
	for (let tick = 0; stored < events; tick += 1) {
		await Bun.sleep(Math.max(0, began_ms + tick * TICK_MS - performance.now()));
		const told = tellOrders(
			Math.min(orders_a_tick, Math.ceil((events - stored) / EVENTS_AN_ORDER)),
		);
		await Promise.all(
			streams.map(async (stream) => {
				for (let from = 0; from < told[stream].length; from += BATCH_EVENTS_MAX) {
					const part = told[stream].slice(from, from + BATCH_EVENTS_MAX);
					await publishEvents(js, part, false);
				}
			}),
		);
		for (const stream of streams) stored += told[stream].length;
		const { user, system } = process.cpuUsage(before);
		const line: Stored = { at_ms: Date.now(), events: stored, cpu_us: user + system };
		console.log(JSON.stringify(line));
	}
	await nc.close();
}

// The benchmark holds the other end: when it is gone, however it went, so are we.
process.stdin.once("end", () => process.exit(1)).resume();
await flood(JSON.parse(process.argv[2] ?? "{}"));
process.exit(0);
