import type { WorkloadOrder } from "./cluster-workload.ts";
import { type FsyncedJournal, keyOf } from "./torture-journal.ts";

/** What clients saw besides orders that were taken. */
export interface ClientSaw {
	accepted: number;
	/** Answers that said that the order had been placed by an earlier try. */
	replayed: number;
	/** 429 or 503. */
	refused: number;
	/** 429 or 503 that did not say when to come back. */
	refused_without_time: number;
	/** No answer, or half of one: the connection ended. */
	broken_off: number;
	/** No answer in time, as of a process that stands still. */
	too_late: number;
	cancelled: number;
	/** Answers that must not be, the first few of them. */
	unexpected: string[];
}

export interface TortureLoad {
	readonly saw: ClientSaw;
	/** Resolves when all orders are accepted, or it was stopped. */
	readonly done: Promise<void>;
	/** No new orders; resolves when each that was asked for is accepted, or after `patience_ms`. */
	stop(patience_ms: number): Promise<void>;
}

export interface TortureLoadOptions {
	readonly orders: readonly WorkloadOrder[];
	readonly orders_a_second_max: number;
	readonly clients: number;
	/** Where orders are placed, in turn. */
	readonly urls: readonly string[];
	readonly journal: FsyncedJournal;
	readonly random: () => number;
	/** After so long a client asks elsewhere. Default: 5,000. */
	readonly answer_ms_max?: number;
}

const ANSWER_MS_MAX = 5_000;
const RETRY_MS = 50;
const ASKED_AGAIN = 0.05;
const CANCELLED = 0.05;
const UNEXPECTED_MAX = 20;

interface Answer {
	readonly status: number;
	readonly text: string;
	readonly headers: Headers;
}

/** Clients that ask with the same key until they are told yes, ask again for what they have, and cancel. */
export function startTortureLoad(options: TortureLoadOptions): TortureLoad {
	const { orders, orders_a_second_max, clients, urls, journal, random } = options;
	const { answer_ms_max = ANSWER_MS_MAX } = options;
	const saw: ClientSaw = {
		accepted: 0,
		replayed: 0,
		refused: 0,
		refused_without_time: 0,
		broken_off: 0,
		too_late: 0,
		cancelled: 0,
		unexpected: [],
	};
	const started_ms = performance.now();
	const given_up = Promise.withResolvers<undefined>();
	let next = 0;
	let tries = 0;
	let stopping = false;
	let over = false;

	async function client() {
		while (next < orders.length && !stopping) {
			const position = next++;
			const due_ms = started_ms + (position * 1_000) / orders_a_second_max;
			await Bun.sleep(Math.max(0, due_ms - performance.now()));
			const { body } = orders[position] as WorkloadOrder;
			await journal.asked(position, body);
			const order_id = await place(position, body);
			if (order_id === undefined) return;
			saw.accepted += 1;
			if (random() < ASKED_AGAIN) await place(position, body);
			if (random() < CANCELLED) await cancel(order_id);
		}
	}

	/** @returns undefined when it is all over */
	async function place(position: number, body: WorkloadOrder["body"]): Promise<string | undefined> {
		const headers = { "content-type": "application/json", "idempotency-key": keyOf(position) };
		const request = { method: "POST", headers, body: JSON.stringify(body) };
		const answer = await ask("/v1/orders", request, [202]);
		if (answer === undefined) return undefined;
		if (answer.headers.has("idempotent-replayed")) saw.replayed += 1;
		const { order_id } = JSON.parse(answer.text) as { order_id: string };
		await journal.accepted(position, order_id);
		return order_id;
	}

	/** An order that was accepted is there: 404 is a promise broken. */
	async function cancel(order_id: string) {
		const path = `/v1/orders/${order_id}/cancel`;
		const answer = await ask(path, { method: "POST" }, [200, 409]);
		if (answer?.status === 200) saw.cancelled += 1;
	}

	async function ask(
		path: string,
		request: RequestInit,
		wanted: readonly number[],
	): Promise<Answer | undefined> {
		while (!over) {
			const answer = await attempt(path, request);
			if (answer !== undefined && wanted.includes(answer.status)) return answer;
			if (answer !== undefined) refused(path, answer);
			await Bun.sleep(RETRY_MS);
		}
		return undefined;
	}

	function refused(path: string, { status, text, headers }: Answer) {
		if (status === 429 || status === 503) {
			saw.refused += 1;
			if (!headers.has("retry-after")) saw.refused_without_time += 1;
		} else if (saw.unexpected.length < UNEXPECTED_MAX) {
			saw.unexpected.push(`${path}: ${status} ${text}`);
		}
	}

	async function attempt(path: string, request: RequestInit): Promise<Answer | undefined> {
		const url = urls[tries++ % urls.length] as string;
		try {
			const signal = AbortSignal.timeout(answer_ms_max);
			const { status, headers, ...response } = await whole(url + path, { ...request, signal });
			return { status, headers, text: response.text };
		} catch (error) {
			if ((error as Error).name === "TimeoutError") saw.too_late += 1;
			else saw.broken_off += 1;
			return undefined;
		}
	}

	const done = Promise.all(Array.from({ length: clients }, client)).then(() => undefined);
	return {
		saw,
		done,
		async stop(patience_ms) {
			stopping = true;
			const patience = setTimeout(given_up.resolve, patience_ms);
			await Promise.race([done, given_up.promise]);
			clearTimeout(patience);
			over = true;
			await done;
		},
	};
}

async function whole(url: string, request: RequestInit) {
	const response = await fetch(url, request);
	return { status: response.status, headers: response.headers, text: await response.text() };
}
