import { expect, test } from "bun:test";
import type { EventStream } from "../../src/contracts/streams.ts";
import { type Cluster, ONE_ROLE_EACH, withCluster } from "../support/cluster.ts";
import { bringGoods, placeOrder, startLoad } from "../support/cluster-load.ts";
import { makeWorkload, type WorkloadOrder } from "../support/cluster-workload.ts";
import { chargeIs } from "../support/replayed.ts";
import { CLEAN } from "../support/verdict.ts";
import { type Dump, dumpState } from "../support/verdict-dump.ts";
import { atRest, conclude } from "../support/verdict-run.ts";
import { eventually } from "../support/wait.ts";

const TEST_MS_MAX = 90_000;
const ORDERS = 200;
const REPLAYS = 20;
const { goods, orders } = makeWorkload({ seed: 11, orders: ORDERS });

test(
	"one process, and four of one role each on four databases, bring the same orders to the same end",
	async () => {
		const dumps: Dump[] = [];
		await withCluster({}, async (cluster) => {
			dumps.push(await wholeWay(cluster, "the whole way in one process"));
		});
		await withCluster({ processes: ONE_ROLE_EACH, databases: "one each" }, async (cluster) => {
			dumps.push(await wholeWay(cluster, "the whole way in four processes"));
		});
		const [whole, split] = dumps;
		expect(split).toEqual(whole as Dump);
		const fates = (whole as Dump).orders.map(({ status, reason }) => reason ?? status);
		const expected = ["confirmed", "customer_request", "out_of_stock", "payment_failed"];
		expect([...new Set(fates)].sort()).toEqual(expected);
		expect(fates.filter((fate) => fate === "customer_request").length).toBe(3);
	},
	TEST_MS_MAX,
);

async function wholeWay(cluster: Cluster, name: string): Promise<Dump> {
	const from_ms = performance.now();
	await Promise.all(cluster.processes.map((millrace) => millrace.start()));
	await bringGoods(cluster, goods);
	const { journal, done } = startLoad(cluster, { orders });
	await done;
	await replay(cluster, journal.accepted);
	await atRest(cluster);
	await cancelBeforeStock(cluster, journal.accepted);
	await cancelBeforeMoney(cluster, journal.accepted);
	await cancelAfterMoney(cluster, journal.accepted);
	const { verdict, state } = await conclude(cluster, name, journal, {
		processes: cluster.processes.length,
		ms: Math.round(performance.now() - from_ms),
	});
	expect(verdict).toEqual(CLEAN);
	for (const [position, { fate }] of orders.entries()) {
		const order = state.orders.find((it) => it.order_id === journal.accepted.get(position));
		const wanted: string = fate === "declined" ? "payment_failed" : fate;
		expect(order?.reason ?? `${order?.status}`).toBe(wanted);
	}
	return dumpState(state, journal.accepted);
}

async function replay(cluster: Cluster, accepted: ReadonlyMap<number, string>) {
	const url = cluster.url("order");
	for (let position = 0; position < REPLAYS; position += 1) {
		const { body } = orders[position] as WorkloadOrder;
		const key = `order-${position}`;
		const again = await placeOrder(url, key, body);
		expect(again.order_id).toBe(accepted.get(position) ?? "lost");
		expect(again.headers.get("idempotent-replayed")).toBe("true");
		const other = await placeOrder(url, key, { ...body, customer_id: "somebody-else" });
		expect(other.status).toBe(422);
	}
}

type Accepted = Map<number, string>;

async function cancelBeforeStock(cluster: Cluster, accepted: Accepted) {
	await whilePaused(cluster, "ORDERS", "inventory-reserve", async () => {
		const order_id = await placeNext(cluster, accepted);
		await cancel(cluster, order_id);
		await reservationIs(cluster, order_id, "released");
		await chargeIs(cluster, order_id, "charge", "void");
	});
	await atRest(cluster);
}

async function cancelBeforeMoney(cluster: Cluster, accepted: Accepted) {
	await whilePaused(cluster, "INVENTORY", "payment-charge", async () => {
		const order_id = await placeNext(cluster, accepted);
		await reservationIs(cluster, order_id, "held");
		await cancel(cluster, order_id);
		await reservationIs(cluster, order_id, "released");
		await chargeIs(cluster, order_id, "charge", "void");
	});
	await atRest(cluster);
}

async function cancelAfterMoney(cluster: Cluster, accepted: Accepted) {
	await whilePaused(cluster, "PAYMENTS", "order-settle", async () => {
		const order_id = await placeNext(cluster, accepted);
		await chargeIs(cluster, order_id, "charge", "succeeded");
		await cancel(cluster, order_id);
		await chargeIs(cluster, order_id, "refund", "succeeded");
	});
	await atRest(cluster);
}

async function whilePaused(
	{ broker: { jsm } }: Cluster,
	stream: EventStream,
	durable: string,
	work: () => Promise<void>,
) {
	await jsm.consumers.pause(stream, durable, new Date(Date.now() + TEST_MS_MAX));
	await work();
	await jsm.consumers.resume(stream, durable);
}

async function placeNext(cluster: Cluster, accepted: Accepted): Promise<string> {
	const position = accepted.size;
	const body = orders.find(({ fate }) => fate === "confirmed")?.body as WorkloadOrder["body"];
	const { status, order_id } = await placeOrder(cluster.url("order"), `order-${position}`, body);
	expect(status).toBe(202);
	accepted.set(position, order_id);
	return order_id;
}

async function cancel(cluster: Cluster, order_id: string) {
	const url = `${cluster.url("order")}/v1/orders/${order_id}/cancel`;
	const response = await fetch(url, { method: "POST" });
	expect(response.status).toBe(200);
	expect(await response.json()).toMatchObject({ status: "cancelled", reason: "customer_request" });
}

async function reservationIs({ sql }: Cluster, order_id: string, wanted: string) {
	await eventually(async () => {
		const [row] = await sql.inventory<{ status: string }[]>`
			select status from millrace_inventory.reservations where order_id = ${order_id}`;
		expect(row?.status).toBe(wanted);
	});
}
