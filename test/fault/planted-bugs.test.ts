import { describe, expect, test } from "bun:test";
import type { OutgoingEvent } from "../../src/contracts/events.ts";
import { entryOf, eventsOf } from "../support/signed-log.ts";
import {
	checkInvariants,
	type Evidence,
	type Invariant,
	type Violations,
} from "../support/torture-check.ts";
import { finishedRun, type LogLine, type Scene } from "../support/torture-planted.ts";

const TEST_MS_MAX = 30_000;
const copyOfRun = await finishedRun();

/** What a bug of an order system leaves behind, and the promises that it breaks, besides others perhaps. */
interface Bug {
	leave?(scene: Scene, order_id: string): Promise<unknown>;
	readonly letters?: Partial<Pick<Evidence, "letters" | "letters_expected" | "letters_lost">>;
	readonly breaks: readonly Invariant[];
}

const bugs: Record<string, Bug> = {
	"202 before the commit": {
		leave: ({ sql }, order_id) =>
			sql`delete from millrace_order.orders where order_id = ${order_id}`,
		breaks: ["I1", "I5", "I6"],
	},
	"acknowledged before the commit": {
		leave: ({ sql }, order_id) =>
			sql`update millrace_order.orders set status = 'pending' where order_id = ${order_id}`,
		breaks: ["I7"],
	},
	"a new gateway key with each attempt": {
		leave: async ({ rewriteLedger }, order_id) =>
			rewriteLedger((entries) => [
				...entries,
				...entries
					.filter((entry) => entry.order_id === order_id)
					.map((entry) => ({ ...entry, key: crypto.randomUUID() })),
			]),
		breaks: ["I3"],
	},
	"sent again after the gateway forgot the key": {
		leave: async ({ rewriteLedger }, order_id) =>
			rewriteLedger((entries) => [
				...entries,
				...entries.filter((entry) => entry.order_id === order_id),
			]),
		breaks: ["I3"],
	},
	"no unique charge of an order": {
		async leave({ sql, rewriteLedger }, order_id) {
			const again = crypto.randomUUID();
			await sql`alter table millrace_payment.charges drop constraint charges_order_id_kind_request_id_pk`;
			await sql`create temporary table twice as
				select * from millrace_payment.charges where order_id = ${order_id}`;
			await sql`update twice set charge_id = ${again}`;
			await sql`insert into millrace_payment.charges select * from twice`;
			rewriteLedger((entries) => [
				...entries,
				...entries
					.filter((entry) => entry.order_id === order_id)
					.map((entry) => ({ ...entry, key: again })),
			]);
		},
		breaks: ["I3"],
	},
	"a worker that lost its claim writes its result": {
		async leave({ sql }, order_id) {
			// Postgres itself would refuse it.
			await sql`set session_replication_role = replica`;
			await sql`update millrace_payment.charges set state = 'declined' where order_id = ${order_id}`;
		},
		breaks: ["I5"],
	},
	"an amount that went through a float": {
		leave: ({ sql }, order_id) =>
			sql`update millrace_order.orders set total_amount = total_amount - 1 where order_id = ${order_id}`,
		breaks: ["I4"],
	},
	"published before the commit, which failed": {
		leave: ({ rewriteLog }) =>
			rewriteLog((lines) => [...lines, lineOf("nobody", "orders.created.v2")]),
		breaks: ["I9"],
	},
	"no sweeper after a crash": {
		leave: ({ rewriteLog }, order_id) =>
			rewriteLog((lines) =>
				lines.filter(
					(line) => line.order_id !== order_id || line.subject !== "orders.confirmed.v1",
				),
			),
		breaks: ["I9"],
	},
	"a relay that goes by serial passes over a late commit": {
		leave: ({ rewriteLog }, order_id) =>
			rewriteLog((lines) =>
				lines.filter((line) => line.order_id !== order_id || line.subject !== "orders.created.v2"),
			),
		breaks: ["I9", "I10"],
	},
	"duplicates known by the stream's sequence only": {
		leave: ({ rewriteLog }, order_id) =>
			rewriteLog((lines) => [...lines, ...lines.filter((line) => line.order_id === order_id)]),
		breaks: ["I9"],
	},
	"confirmed although it was cancelled": {
		leave: ({ rewriteLog, cancelled: [order_id = ""] }) =>
			rewriteLog((lines) => [...lines, lineOf(order_id, "orders.confirmed.v1")]),
		breaks: ["I9", "I10"],
	},
	"stock looked at and then written": {
		leave: ({ sql }) =>
			sql`update millrace_inventory.stock set available = available + 1 where sku = 'sku-0'`,
		breaks: ["I6"],
	},
	"an idempotency key that was not kept": {
		leave: ({ sql }, order_id) =>
			sql`update millrace_order.orders set idempotency_key = 'other' where order_id = ${order_id}`,
		breaks: ["I1", "I2"],
	},
	"taken off the stream before the dead letter was stored": {
		letters: { letters_expected: new Set(["inventory-reserve ORDERS 17"]) },
		breaks: ["I8"],
	},
	"parked while a dependency was away": {
		letters: { letters: new Set(["payment-charge INVENTORY 3"]) },
		breaks: ["I8"],
	},
	"a checkpoint before its entries": {
		leave: async ({ loseLastBundle }) => loseLastBundle(),
		breaks: ["I9"],
	},
};

/** An event of ours, as it would be in the log had it happened. */
function lineOf(order_id: string, subject: string): LogLine {
	const event = eventsOf(order_id).find((it) => it.subject === subject) as OutgoingEvent;
	return { subject, order_id, bytes: entryOf(event) };
}

describe("what a run left behind", () => {
	test(
		"breaks no promise",
		async () => expect(await judge({ breaks: [] })).toEqual({}),
		TEST_MS_MAX,
	);

	test(
		"breaks no promise when the broker has lost a poisoned message, or its letter came before that",
		async () => {
			const [letter, none] = ["inventory-reserve ORDERS 17", "inventory-reserve ORDERS 18"];
			const letters = { letters: new Set([letter]), letters_lost: new Set([letter, none]) };
			expect(await judge({ letters, breaks: [] })).toEqual({});
		},
		TEST_MS_MAX,
	);

	for (const [name, bug] of Object.entries(bugs)) {
		test(
			`with the traces of this bug breaks ${bug.breaks.join(", ")}: ${name}`,
			async () => {
				const broken = Object.keys(await judge(bug));
				expect(broken).toEqual(expect.arrayContaining([...bug.breaks]));
			},
			TEST_MS_MAX,
		);
	}
});

async function judge({ leave, letters }: Bug): Promise<Violations> {
	const scene = await copyOfRun();
	try {
		const [order_id = ""] = scene.confirmed;
		await leave?.(scene, order_id);
		return (await checkInvariants({ ...scene.evidence, ...letters })).violations;
	} finally {
		await scene.close();
	}
}
