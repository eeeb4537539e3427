import type { Cluster } from "./cluster.ts";
import type { Goods, WorkloadOrder } from "./cluster-workload.ts";
import { eventually } from "./wait.ts";

/** What clients saw. An order is tried again with the same key until it is accepted. */
export interface Journal {
	/** The id that was answered with 202, by the order's position in the workload. */
	readonly accepted: Map<number, string>;
	/** A position that was answered with one id and later with another. */
	readonly contradicted: number[];
	/** Answers that said that the order had been placed by an earlier try. */
	replayed: number;
	/** 503, or nobody listened. */
	refused: number;
	/** The connection ended before any of the answer came. */
	closed: number;
	/** The connection ended within the answer. */
	cut: number;
	/** Answers of any other status. */
	readonly unexpected: string[];
}

export interface Load {
	readonly journal: Journal;
	/** Resolves when so many orders are accepted. */
	reached(accepted: number): Promise<void>;
	/** Resolves when all are accepted, or those begun when it was stopped. */
	readonly done: Promise<void>;
	/** No new orders; those begun are tried until they are accepted. */
	stop(): Promise<void>;
}

export interface LoadOptions {
	readonly orders: readonly WorkloadOrder[];
	readonly clients?: number;
	/** Accepted orders a second, at most. Default: as many as possible. */
	readonly rate_max?: number;
	/** Where to place the nth order. Default: the cluster's first process with the order role. */
	readonly url?: (position: number) => string;
}

const RETRY_MS = 25;
/** As Bun has called it in its versions. */
const REFUSED = new Set(["ECONNREFUSED", "ConnectionRefused"]);

/** Places orders, each until it is accepted, and keeps the journal. */
export function startLoad(cluster: Cluster, options: LoadOptions): Load {
	const { orders, clients = 16, rate_max, url = () => cluster.url("order") } = options;
	const journal: Journal = {
		accepted: new Map(),
		contradicted: [],
		replayed: 0,
		refused: 0,
		closed: 0,
		cut: 0,
		unexpected: [],
	};
	const started_ms = performance.now();
	let next = 0;
	let stopped = false;
	const waiting = new Set<{ accepted: number; resolve(): void }>();

	async function client() {
		while (next < orders.length && !stopped) {
			const position = next++;
			if (rate_max !== undefined) {
				const due_ms = started_ms + (position * 1_000) / rate_max;
				await Bun.sleep(Math.max(0, due_ms - performance.now()));
				if (stopped) return;
			}
			while (!(await attempt(position))) await Bun.sleep(RETRY_MS);
		}
	}

	async function attempt(position: number): Promise<boolean> {
		const { body } = orders[position] as WorkloadOrder;
		const key = `order-${position}`;
		const response = await post(url(position), key, body).catch(
			(error: Error & { code?: string }) => {
				if (REFUSED.has(error.code ?? "")) journal.refused += 1;
				else journal.closed += 1;
			},
		);
		const text = await response?.text().catch(() => {
			journal.cut += 1;
		});
		if (response === undefined || text === undefined) return false;
		return note(position, response, text);
	}

	function note(position: number, response: Response, text: string): boolean {
		if (response.status === 202) {
			if (response.headers.has("idempotent-replayed")) journal.replayed += 1;
			accept(position, (JSON.parse(text) as { order_id: string }).order_id);
			return true;
		}
		if (response.status === 503) journal.refused += 1;
		else journal.unexpected.push(`${response.status} ${text}`);
		return false;
	}

	function accept(position: number, order_id: string) {
		const before = journal.accepted.get(position) ?? order_id;
		if (before !== order_id) journal.contradicted.push(position);
		journal.accepted.set(position, order_id);
		for (const it of waiting) if (journal.accepted.size >= it.accepted) it.resolve();
	}

	const done = Promise.all(Array.from({ length: clients }, client)).then(() => {});
	return {
		journal,
		done,
		async reached(accepted) {
			if (journal.accepted.size >= accepted) return;
			const { promise, resolve } = Promise.withResolvers<void>();
			waiting.add({ accepted, resolve });
			await promise;
		},
		stop() {
			stopped = true;
			return done;
		},
	};
}

function post(url: string, key: string, body: WorkloadOrder["body"]): Promise<Response> {
	return fetch(`${url}/v1/orders`, {
		method: "POST",
		headers: { "content-type": "application/json", "idempotency-key": key },
		body: JSON.stringify(body),
	});
}

/** Places one order, once. `order_id` is empty unless it was accepted. */
export async function placeOrder(url: string, key: string, body: WorkloadOrder["body"]) {
	const response = await post(url, key, body);
	const { order_id = "" } = (await response.json()) as { order_id?: string };
	return { status: response.status, headers: response.headers, order_id };
}

/** Reports goods until the inventory has counted them. */
export async function bringGoods(cluster: Cluster, goods: readonly Goods[]): Promise<void> {
	await eventually(async () => {
		const response = await fetch(`${cluster.url("inventory")}/v1/stock/receipts`, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: JSON.stringify({ receipt_id: "first", lines: goods }),
		});
		if (!response.ok) throw new Error(`no goods: ${response.status} ${await response.text()}`);
	});
}
