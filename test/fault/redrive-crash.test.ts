import { expect, test } from "bun:test";
import { withCluster } from "../support/cluster.ts";
import { parkReserved } from "../support/letters.ts";
import { eventually } from "../support/wait.ts";

const TEST_MS_MAX = 60_000;
const ORDERS = 50;

test(
	"a process that dies between sending letters and taking them off sends twice and charges once",
	async () => {
		await withCluster({ duplicate_window_s: 1 }, async ({ processes, broker, sql }) => {
			const [millrace] = processes;
			if (millrace === undefined) throw new Error("no process");
			await millrace.start({ CRASH_AT: "letters-sent" });
			const order_ids = Array.from({ length: ORDERS }, (_, n) => `redriven-${n}`);
			for (const order_id of order_ids) await parkReserved(broker.js, order_id);
			const parked = async () => (await broker.jsm.streams.info("DLQ")).state.messages;
			const redrive = () =>
				fetch(`${millrace.ops_url}/v1/dead-letters/redrive`, {
					method: "POST",
					headers: { "content-type": "application/json" },
					body: JSON.stringify({ operator: "ada", filter: {} }),
				}).then((answer) => answer.text());
			await redrive().catch(() => "");
			expect(await millrace.exited).toEqual({ code: null, signal: "SIGKILL" });
			expect(await parked()).toBe(ORDERS);
			await millrace.start();
			const charged = () => sql.payment<{ order_id: string; state: string; attempts: number }[]>`
				select order_id, state, attempts from millrace_payment.charges order by order_id`;
			await eventually(async () => expect(await charged()).toHaveLength(ORDERS));
			expect(await redrive()).toContain(`"sent":${ORDERS}`);
			expect(await parked()).toBe(0);
			await eventually(async () => expect((await broker.progress()).open).toBe(0));
			const sent = (await broker.jsm.streams.info("INVENTORY")).state.messages;
			expect(sent).toBeWithin(ORDERS, 2 * ORDERS + 1);
			expect((await charged()).map(({ order_id, state }) => [order_id, state])).toEqual(
				order_ids.sort().map((order_id) => [order_id, "succeeded"]),
			);
			const { state } = await broker.jsm.streams.info("PAYMENTS", { subjects_filter: ">" });
			expect(state.subjects).toEqual({ "payments.completed.v1": ORDERS });
		});
	},
	TEST_MS_MAX,
);
