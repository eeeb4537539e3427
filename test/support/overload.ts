import type { Cluster } from "./cluster.ts";
import type { WorkloadOrder } from "./cluster-workload.ts";
import { keyOf } from "./torture-journal.ts";

export interface OverloadSaw {
	/** Ids of those that were accepted, by position. */
	readonly accepted: Map<number, string>;
	/** Answers by status; `none` and why when the connection ended without one. */
	readonly answers: Record<string, number>;
	/** 429 or 503 without the time to come back. */
	refused_without_time: number;
	/** Of the process that takes orders, in bytes. */
	rss_max: number;
}

const LOOK_EVERY_MS = 250;
const HUNG_MS = 20_000;

/** Sends orders at a rate whatever the answers do, each once. Resolves when all are answered. */
export async function overload(
	cluster: Cluster,
	load: {
		readonly orders: readonly WorkloadOrder[];
		readonly orders_a_second: number;
		/** The position of the first of them. */
		readonly first: number;
	},
): Promise<OverloadSaw> {
	const saw: OverloadSaw = {
		accepted: new Map(),
		answers: {},
		refused_without_time: 0,
		rss_max: 0,
	};
	const started_ms = performance.now();
	const looking = setInterval(async () => {
		saw.rss_max = Math.max(saw.rss_max, await residentBytes(cluster).catch(() => 0));
	}, LOOK_EVERY_MS);
	const sending: Promise<void>[] = [];
	for (const [index, { body }] of load.orders.entries()) {
		const due_ms = started_ms + (index * 1_000) / load.orders_a_second;
		if (due_ms > performance.now()) await Bun.sleep(due_ms - performance.now());
		sending.push(send(cluster, load.first + index, body, saw));
	}
	await Promise.all(sending);
	clearInterval(looking);
	return saw;
}

async function send(
	cluster: Cluster,
	position: number,
	body: WorkloadOrder["body"],
	saw: OverloadSaw,
) {
	const count = (answer: number | string) => {
		saw.answers[answer] = (saw.answers[answer] ?? 0) + 1;
	};
	try {
		const response = await fetch(`${cluster.url("order")}/v1/orders`, {
			method: "POST",
			headers: { "content-type": "application/json", "idempotency-key": keyOf(position) },
			body: JSON.stringify(body),
			signal: AbortSignal.timeout(HUNG_MS),
		});
		const answer = (await response.json()) as { order_id: string };
		count(response.status);
		if (response.status === 202) saw.accepted.set(position, answer.order_id);
		else if (!response.headers.has("retry-after")) saw.refused_without_time += 1;
	} catch (error) {
		count(`none: ${error}`);
	}
}

/** Of the first process that takes orders, as it says itself. */
export async function residentBytes(cluster: Cluster): Promise<number> {
	const [millrace] = cluster.hosting("order");
	const text = await (await fetch(`${millrace?.ops_url}/metrics`)).text();
	return Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1]);
}
