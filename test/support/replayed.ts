import { expect } from "bun:test";
import type { EventStream } from "../../src/contracts/streams.ts";
import { openStore } from "../../src/object-store/open-store.ts";
import type { ReplayReport } from "../../src/replay/report.ts";
import { runReplay } from "../../src/replay/run-replay.ts";
import type { Cluster } from "./cluster.ts";
import { bringGoods, placeOrder, startLoad } from "./cluster-load.ts";
import { makeWorkload, type WorkloadOrder } from "./cluster-workload.ts";
import { atRest } from "./verdict-run.ts";
import { eventually } from "./wait.ts";

const PAUSE_MS_MAX = 60_000;
const SETTLE_MS = 5_000;

/** Orders by what became of them. */
export interface Fates {
	readonly confirmed: string;
	readonly refunded: string;
	readonly declined: string;
	readonly out_of_stock: string;
	/** Cancelled before anything was held or charged. */
	readonly early: string;
	/** Cancelled after it was charged. */
	readonly late: string;
}

/** Starts a millrace and brings orders to every end there is. */
export async function bringToEveryEnd(cluster: Cluster, count: number): Promise<Fates> {
	const { goods, orders } = makeWorkload({ seed: 5, orders: count });
	await Promise.all(cluster.processes.map((it) => it.start()));
	await bringGoods(cluster, goods);
	const { journal, done } = startLoad(cluster, { orders });
	await done;
	await atRest(cluster);
	const { body } = orders.find(({ fate }) => fate === "confirmed") as WorkloadOrder;
	const place = async (key: string) =>
		(await placeOrder(cluster.url("order"), key, body)).order_id as string;
	const early = await whilePaused(cluster, "ORDERS", "inventory-reserve", async () => {
		const order_id = await place("early");
		await cancel(cluster, order_id);
		await chargeIs(cluster, order_id, "charge", "void");
		return order_id;
	});
	const late = await whilePaused(cluster, "PAYMENTS", "order-settle", async () => {
		const order_id = await place("late");
		await chargeIs(cluster, order_id, "charge", "succeeded");
		await cancel(cluster, order_id);
		await chargeIs(cluster, order_id, "refund", "succeeded");
		return order_id;
	});
	const refunded = await place("refunded");
	await chargeIs(cluster, refunded, "charge", "succeeded");
	await refund(cluster, refunded, "part-1", 1);
	await refund(cluster, refunded, "part-2", 2);
	await eventually(async () => {
		const rows = await cluster.sql.payment`
			select 1 from millrace_payment.charges
			where order_id = ${refunded} and kind = 'refund' and state = 'succeeded'`;
		expect(rows).toHaveLength(2);
	});
	await atRest(cluster);
	const of = (fate: WorkloadOrder["fate"]) =>
		journal.accepted.get(orders.findIndex((it) => it.fate === fate)) ?? "";
	const ends = { confirmed: of("confirmed"), declined: of("declined") };
	return { ...ends, out_of_stock: of("out_of_stock"), early, late, refunded };
}

/** Replays the log of a millrace against its tables. */
export function replayOf(
	{ audit_folder, database_urls }: Cluster,
	settle_ms = SETTLE_MS,
): Promise<ReplayReport> {
	const reader = openStore(audit_folder, undefined);
	return runReplay({ database_urls, connect_timeout_s: 5, reader }, { settle_ms });
}

async function whilePaused<T>(
	{ broker: { jsm } }: Cluster,
	stream: EventStream,
	durable: string,
	work: () => Promise<T>,
): Promise<T> {
	await jsm.consumers.pause(stream, durable, new Date(Date.now() + PAUSE_MS_MAX));
	const result = await work();
	await jsm.consumers.resume(stream, durable);
	return result;
}

async function cancel(cluster: Cluster, order_id: string) {
	const url = `${cluster.url("order")}/v1/orders/${order_id}/cancel`;
	expect((await fetch(url, { method: "POST" })).status).toBe(200);
}

async function refund(cluster: Cluster, order_id: string, refund_id: string, amount: number) {
	const [payment] = cluster.hosting("payment");
	const response = await fetch(`${payment?.ops_url}/v1/orders/${order_id}/refunds`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify({ refund_id, amount }),
	});
	expect(response.ok).toBe(true);
}

/** Waits until a charge or refund of an order is in a state. */
export async function chargeIs({ sql }: Cluster, order_id: string, kind: string, wanted: string) {
	await eventually(async () => {
		const [row] = await sql.payment<{ state: string }[]>`
			select state from millrace_payment.charges
			where order_id = ${order_id} and kind = ${kind}`;
		expect(row?.state).toBe(wanted);
	});
}
