import { expect, test } from "bun:test";
import { type Cluster, withCluster } from "../support/cluster.ts";
import { bringGoods, startLoad } from "../support/cluster-load.ts";
import { makeWorkload } from "../support/cluster-workload.ts";
import { createForeignProducer, foreignOrder } from "../support/foreign-producer.ts";
import { CLEAN } from "../support/verdict.ts";
import { conclude } from "../support/verdict-run.ts";
import { eventually } from "../support/wait.ts";

const TEST_MS_MAX = 60_000;
const LEGACY_ORDERS = 60;

test.concurrent(
	"orders that others publish straight to NATS are adopted once and go the whole way",
	async () => {
		await withCluster({}, async (cluster) => {
			await Promise.all(cluster.processes.map((millrace) => millrace.start()));
			const producer = createForeignProducer(cluster.broker);
			const first = foreignOrder("foreign-1", 19.99);
			const sum = foreignOrder("foreign-2", 0.1 + 0.2);
			const large = foreignOrder("foreign-3", 1_000_000.07);
			const usurper = foreignOrder("foreign-1", 20);
			await producer.byCore(first);
			await producer.byJetStream(sum);
			await producer.byCore(large);
			await producer.byJetStream(first);
			await producer.byCore(sum);
			await producer.byJetStream(usurper);
			const letter = await eventually(() => deadLetter(cluster), { timeout_ms: 10_000 });
			const amounts = { "foreign-1": 1_999, "foreign-2": 30, "foreign-3": 100_000_007 };
			const accepted = new Map(Object.keys(amounts).map((id, position) => [position, id]));
			const run = { published: 6, conflicts: 1 };
			const { verdict, state } = await conclude(cluster, "foreign v1", { accepted }, run);
			expect(verdict).toEqual(CLEAN);
			const charged = state.ledger.map(({ order_id, amount }) => [order_id, amount]);
			expect(Object.fromEntries(charged)).toEqual(amounts);
			expect(charged.length).toBe(3);
			expect(state.orders.map(({ status, currency }) => `${status} ${currency}`)).toEqual(
				accepted
					.values()
					.map(() => "confirmed USD")
					.toArray(),
			);
			const events = state.audit.map(({ subject }) => subject);
			expect(events.filter((subject) => subject === "orders.created.v2").length).toBe(3);
			expect(letter.reason).toBe("order id taken");
			expect(letter.original).toBe("orders.created.v1");
			expect(letter.data).toEqual(usurper);
			expect((await cluster.broker.jsm.streams.info("DLQ")).state.messages).toBe(1);
		});
	},
	TEST_MS_MAX,
);

test.concurrent(
	"copies for readers of v1 are published and not adopted again",
	async () => {
		await withCluster({ environment: { PUBLISH_LEGACY: "true" } }, async (cluster) => {
			const { goods, orders } = makeWorkload({ seed: 5, orders: LEGACY_ORDERS });
			await Promise.all(cluster.processes.map((millrace) => millrace.start()));
			await bringGoods(cluster, goods);
			const load = startLoad(cluster, { orders });
			await load.done;
			const { verdict, state } = await conclude(cluster, "legacy copies", load.journal, {});
			expect(verdict).toEqual(CLEAN);
			for (const version of ["orders.created.v1", "orders.created.v2"]) {
				const ids = state.audit.filter(({ subject }) => subject === version);
				expect(new Set(ids.map(({ order_id }) => order_id)).size).toBe(LEGACY_ORDERS);
				expect(ids.length).toBe(LEGACY_ORDERS);
			}
			expect((await cluster.broker.jsm.streams.info("DLQ")).state.messages).toBe(0);
			const [stored] = state.orders.filter(({ currency }) => currency === "EUR");
			const legacy = await legacyCopy(cluster, stored?.order_id ?? "");
			expect(legacy.total_amount).toBeCloseTo((stored?.total_amount ?? 0) / 100, 6);
			expect(Object.keys(legacy).sort()).toEqual(Object.keys(foreignOrder("x", 1)).sort());
		});
	},
	TEST_MS_MAX,
);

async function deadLetter({ broker }: Cluster) {
	const message = await broker.jsm.streams.getMessage("DLQ", { last_by_subj: "orders.dlq" });
	if (message === null) throw new Error("no dead letter yet");
	return {
		reason: message.header.get("Millrace-Reason"),
		original: message.header.get("Millrace-Original-Subject"),
		data: message.json(),
	};
}

async function legacyCopy({ broker }: Cluster, order_id: string) {
	const { state } = await broker.jsm.streams.info("ORDERS");
	for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
		const message = await broker.jsm.streams.getMessage("ORDERS", { seq });
		if (message?.subject !== "orders.created.v1") continue;
		const copy = message.json<{ order_id: string; total_amount: number }>();
		if (copy.order_id === order_id) return copy;
	}
	throw new Error(`no v1 copy of ${order_id}`);
}
