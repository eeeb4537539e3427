import { expect, test } from "bun:test";
import { createEvent } from "../../src/contracts/events.ts";
import { park } from "../../src/messaging/dead-letter.ts";
import { withCluster } from "../support/cluster.ts";
import { orderFacts } from "../support/events.ts";
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
			for (const [n, order_id] of order_ids.entries()) await parkReserved(broker.js, order_id, n);
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
			await eventually(async () => expect(await charged()).toHaveLength(ORDERS), {
				timeout_ms: 15_000,
			});
			expect(await redrive()).toContain(`"sent":${ORDERS}`);
			expect(await parked()).toBe(0);
			await eventually(async () => expect((await broker.progress()).open).toBe(0), {
				timeout_ms: 15_000,
			});
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

async function parkReserved(js: Parameters<typeof park>[0], order_id: string, n: number) {
	const facts = { ...orderFacts(order_id), lines: [] };
	const event = createEvent("inventory.reserved.v1", order_id, facts, undefined);
	await park(js, {
		module: "payment",
		reason: "attempts exhausted",
		error: "Error: by hand",
		type: "Error",
		place: "by hand",
		fingerprint: "0123456789ab",
		message_id: event.message_id,
		order_id,
		subject: event.subject,
		stream: "INVENTORY",
		sequence: n,
		consumer: "payment-charge",
		attempts: 5,
		first_failed_ms: Date.now(),
		last_failed_ms: Date.now(),
		traceparent: undefined,
		headers: `Nats-Msg-Id: ${event.message_id}\r\n`,
		data: new TextEncoder().encode(event.data),
	});
}
