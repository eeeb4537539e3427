import { createConnection } from "./connection.ts";
import { createJournal } from "./journal.ts";

/** What the generator is to send, and where. */
export interface Load {
	readonly url: string;
	readonly orders: number;
	/** Orders a second; undefined for a closed loop. */
	readonly rate?: number | undefined;
	readonly connections: number;
	/** File that takes the accepted orders. */
	readonly journal: string;
}

/** How far the generator is. */
export interface LoadState {
	sent: number;
	accepted: number;
	/** Answers other than 202. */
	refused: number;
	/** Requests whose answer never came. */
	broken: number;
	/** Orders that are due and wait for a connection. */
	backlog: number;
	/** Milliseconds since the epoch; 0 before. */
	first_sent_ms: number;
	last_accepted_ms: number;
	/** Of the last order that was refused or broken. */
	last_trouble: string;
}

export function newLoadState(): LoadState {
	return {
		sent: 0,
		accepted: 0,
		refused: 0,
		broken: 0,
		backlog: 0,
		first_sent_ms: 0,
		last_accepted_ms: 0,
		last_trouble: "",
	};
}

const TICK_MS = 2;
const SILENCE_MS_MAX = 30_000;
const BROKEN_MAX = 1_000;

/** Milliseconds since the epoch, to the microsecond, never stepping back. */
const clock = () => performance.timeOrigin + performance.now();

/**
 * Sends all orders and resolves when each was answered.
 * @param requests whole HTTP requests, sent in turn
 * @param state is kept up to date on the way
 * @throws Error when the server is silent for half a minute or breaks too many connections.
 */
export function sendLoad(
	load: Load,
	requests: readonly Uint8Array[],
	state: LoadState,
): Promise<void> {
	const { hostname, port } = new URL(load.url);
	const journal = createJournal(load.journal);
	const due_ms = new Float64Array(load.connections);
	const free = Array.from({ length: load.connections }, (_, at) => at);
	const connections = free.map((at) =>
		createConnection({ hostname, port: Number(port) }, events(at)),
	);
	const over = Promise.withResolvers<void>();
	const start_ms = clock();
	let last_answer_ms = start_ms;

	function events(at: number) {
		return {
			answered({ status, order_id }: { status: number; order_id: string | undefined }) {
				last_answer_ms = clock();
				if (status === 202 && order_id !== undefined) accept(order_id, due_ms[at] as number);
				else trouble("refused", `status ${status}`);
				free.push(at);
				sendDue(last_answer_ms);
			},
			broken(reason: string) {
				trouble("broken", reason);
				free.push(at);
				if (state.broken > BROKEN_MAX)
					over.reject(new Error(`too many broken requests: ${reason}`));
				else setTimeout(() => sendDue(clock()), TICK_MS);
			},
		};
	}

	function accept(order_id: string, due: number) {
		state.accepted += 1;
		state.last_accepted_ms = last_answer_ms;
		journal.add(order_id, due);
		endIfDone();
	}

	function trouble(kind: "refused" | "broken", reason: string) {
		state[kind] += 1;
		state.last_trouble = reason;
		endIfDone();
	}

	function endIfDone() {
		if (state.accepted + state.refused + state.broken === load.orders) over.resolve();
	}

	function sendDue(now_ms: number) {
		const due_count = dueCount(load, now_ms - start_ms);
		while (state.sent < due_count) {
			const at = free.pop();
			if (at === undefined) break;
			due_ms[at] = load.rate ? start_ms + (state.sent * 1_000) / load.rate : now_ms;
			connections[at]?.send(requests[state.sent % requests.length] as Uint8Array);
			state.sent += 1;
		}
		state.backlog = load.rate ? due_count - state.sent : 0;
	}

	function tick() {
		const now_ms = clock();
		if (now_ms - last_answer_ms > SILENCE_MS_MAX) over.reject(new Error("the server is silent"));
		sendDue(now_ms);
	}

	state.first_sent_ms = start_ms;
	sendDue(start_ms);
	const ticks = setInterval(tick, load.rate ? TICK_MS : 1_000);
	return over.promise.finally(() => {
		clearInterval(ticks);
		journal.close();
	});
}

function dueCount({ rate, orders }: Load, elapsed_ms: number): number {
	if (rate === undefined) return orders;
	return Math.min(orders, Math.floor((elapsed_ms * rate) / 1_000) + 1);
}
