import type { App } from "../app.ts";
import { eventStreams } from "../contracts/streams.ts";
import type { Part } from "../lifecycle.ts";
import type { Broker } from "../messaging/connection.ts";
import { readStreams, type StreamStart } from "../messaging/reader.ts";
import type { Log } from "../telemetry/log.ts";
import { createDemoBoard } from "./demo-board.ts";
import { demoOrder } from "./demo-order.ts";
import type { Screen } from "./screen.ts";

const ORDER_EVERY_MS = 1_000;

export interface DemoNeeds {
	readonly app: App;
	readonly screen: Screen;
	readonly log: Log;
}

/** Places an order a second and shows every order, its own and others, on its way to its end. */
export function createDemo({ app, screen, log }: DemoNeeds): Part {
	const board = createDemoBoard(screen);
	const stopped = Promise.withResolvers<void>();
	const leave = new AbortController();
	let running: Promise<void> = Promise.resolve();

	async function run() {
		const begun = await Promise.race([stopped.promise, follow(app.broker, board.take)]);
		if (!begun) return;
		let placed = 0;
		const next = () => {
			board.sweep();
			void place(app.http_url, placed, leave.signal).catch(complain);
			placed += 1;
		};
		next();
		const timer = setInterval(next, ORDER_EVERY_MS);
		await stopped.promise;
		clearInterval(timer);
		leave.abort();
		await begun.stop();
		board.clear();
	}

	function complain(error: unknown) {
		if (!leave.signal.aborted) log.warn({ err: error }, "the demo could not place an order");
	}

	return {
		name: "demo",
		/** Does not wait for NATS: nothing that takes orders does. */
		async start() {
			running = run().catch((error) => log.error({ err: error }, "the demo ended"));
		},
		async stop() {
			stopped.resolve();
			await running;
		},
	};
}

/** Follows what is published from now on. */
async function follow(broker: Broker, onMessage: Parameters<typeof readStreams>[2]) {
	const { jsm } = await broker.ready;
	const names = Object.keys(eventStreams) as (keyof typeof eventStreams)[];
	const starts = await Promise.all(
		names.map(async (stream): Promise<StreamStart> => {
			const { state } = await jsm.streams.info(stream);
			return { stream, sequence: state.last_seq + 1 };
		}),
	);
	return await readStreams(broker, starts, onMessage);
}

async function place(http_url: string | undefined, number: number, signal: AbortSignal) {
	const answer = await fetch(`${http_url}/v1/orders`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify(demoOrder(number, Math.random)),
		signal,
	});
	if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
}
