import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { startApp } from "../support/app.ts";
import { readLog } from "../support/audit-log.ts";
import { parkReserved } from "../support/letters.ts";
import { createOps } from "../support/ops.ts";
import { privateServers } from "../support/servers.ts";
import { openStreams } from "../support/streams.ts";
import { eventually } from "../support/wait.ts";

const servers = await privateServers();
afterAll(servers.close);
const { sql } = servers;
const app = await startApp(servers);
const streams = await openStreams(servers);
await app.stockUp("SKU-1", 1_000_000);

interface Letter {
	readonly sequence: number;
	readonly fingerprint: string;
	readonly order_id?: string;
	readonly consumer: string;
	readonly reason: string;
	readonly redrives: number;
	readonly redriven_by?: string;
	readonly redriven_at?: string;
	readonly discarded_by?: string;
	readonly discarded_why?: string;
}
interface Forecast {
	readonly sequence: number;
	readonly effect: string;
	readonly says: string;
}

const ops = createOps(app.app.ops_url);
const get = async <T>(path: string) => (await ops("GET", path)).json<T>();
const post = async <T>(path: string, body: object) => (await ops("POST", path, body)).json<T>();
const letters = async (query = "") =>
	(await get<{ letters: Letter[] }>(`dead-letters?${query}`)).letters;

/** Redrives and answers the last line of what comes back. */
async function redrive(body: object) {
	const { status, text } = await ops("POST", "dead-letters/redrive", { operator: "ada", ...body });
	expect(status).toBe(200);
	const lines = text.trim().split("\n");
	return JSON.parse(lines.at(-1) ?? "") as { sent: number; returned: number; stopped?: string };
}
const plan = (body: object) =>
	post<{ letters: number; effects: Record<string, number>; forecasts: Forecast[] }>(
		"dead-letters/redrive",
		{ operator: "ada", dry_run: true, ...body },
	);

const acts = async () =>
	(await streams.messages("OPERATIONS")).map((message) => {
		const { operator, action, phase, details } = message.json();
		return { operator, action, phase, details: JSON.parse(String(details)) };
	});

beforeEach(async () => {
	for (const stream of ["DLQ", "DISCARDED", "OPERATIONS"]) await streams.jsm.streams.purge(stream);
});

/** Orders whose charge fails until its table is back, each with its dead letter. */
async function failedCharges(count: number): Promise<string[]> {
	await sql`alter table millrace_payment.charges rename to charges_away`;
	const orders = await Promise.all(Array.from({ length: count }, () => app.placeOrder()));
	await eventually(async () => expect(await letters("module=payment")).toHaveLength(count), {
		timeout_ms: 20_000,
	});
	await sql`alter table millrace_payment.charges_away rename to charges`;
	return orders.map(({ order_id }) => order_id);
}

/** A foreign order that says something else about an order that is known. */
async function publishTaken(order_id: string): Promise<void> {
	await streams.publish("orders.created.v1", {
		message_id: crypto.randomUUID(),
		order_id,
		customer_id: "somebody-else",
		total_amount: 1,
		created_at: Date.now(),
	});
}

async function parkReservation(order_id: string): Promise<void> {
	const { js } = await app.app.broker.ready;
	await parkReserved(js, order_id, [{ sku: "SKU-1", quantity: 1 }]);
}

const chargesOf = (order_id: string) => sql<{ state: string; attempts: number }[]>`
	select state, attempts from millrace_payment.charges where order_id = ${order_id}`;

test("orders that could not be charged are, once the cause is gone, by one redrive of their group", async () => {
	const order_ids = await failedCharges(20);
	const { groups } = await get<{ groups: Record<string, unknown>[] }>("dead-letters/groups");
	expect(groups).toEqual([
		expect.objectContaining({
			module: "payment",
			consumer: "payment-charge",
			reason: "attempts exhausted",
			error_type: "PostgresError 42P01",
			letters: 20,
			redriven: 0,
		}),
	]);
	const fingerprint = String(groups[0]?.fingerprint);
	expect(await plan({ filter: { fingerprint } })).toMatchObject({
		letters: 20,
		effects: { acts: 20 },
		forecasts: Array.from({ length: 20 }, () => ({ says: "1250 EUR are charged" })),
	});
	expect(await redrive({ filter: { fingerprint: "000000000000" } })).toMatchObject({ sent: 0 });
	expect(await redrive({ filter: { fingerprint } })).toMatchObject({ sent: 20, returned: 0 });
	for (const order_id of order_ids) await app.ended(order_id, "confirmed");
	for (const order_id of order_ids)
		expect(await chargesOf(order_id)).toEqual([{ state: "succeeded", attempts: 1 }] as never);
	expect(await letters()).toEqual([]);
	expect(await redrive({ filter: {} })).toMatchObject({ sent: 0 });
	const said = (await acts()).filter(({ details }) => details.filter?.fingerprint === fingerprint);
	expect(said).toEqual([
		{ operator: "ada", action: "dead_letters.redrive", phase: "begun", details: expect.anything() },
	]);
	await eventually(async () => {
		const recorded = readLog(app.config.audit.store);
		for (const order_id of order_ids) {
			const events = recorded.filter((it) => it.order_id === order_id);
			expect(events.map(({ subject }) => subject).sort()).toEqual([
				"inventory.reserved.v1",
				"orders.confirmed.v1",
				"orders.created.v2",
				"payments.completed.v1",
			]);
		}
		expect(recorded.filter(({ subject }) => subject === "operations.acted.v1")).toHaveLength(6);
	});
}, 40_000);

test("the pre-flight says of each message what would come of it, and it does", async () => {
	const charged = await app.placeOrder();
	await app.ended(charged.order_id, "confirmed");
	await parkReservation(charged.order_id);
	await parkReservation("never-seen");
	await publishTaken(charged.order_id);
	await streams.publish("orders.created.v2", "{");
	const found = await eventually(async () => {
		const all = await letters();
		expect(all).toHaveLength(4);
		return all;
	});
	const { effects, forecasts } = await plan({ filter: {} });
	expect(effects).toEqual({ nothing: 1, acts: 1, fails: 2 });
	const says = (wanted: (letter: Letter) => boolean) =>
		forecasts.find(({ sequence }) => sequence === found.find(wanted)?.sequence)?.says;
	expect(
		says((it) => it.order_id === charged.order_id && it.consumer === "payment-charge"),
	).toMatch(/^already charged at [\dT:-]+Z: will be settled, not charged again$/);
	expect(says((it) => it.order_id === "never-seen")).toBe("1250 EUR are charged");
	expect(says((it) => it.consumer === "order-adopt")).toBe(
		"another order has this id: parked again",
	);
	expect(says((it) => it.reason === "undecodable")).toBe("undecodable: parked again");
	const sequences = found.filter((it) => it.consumer === "payment-charge").map((it) => it.sequence);
	expect(await redrive({ sequences })).toMatchObject({ sent: 2 });
	await eventually(async () => expect(await chargesOf("never-seen")).toHaveLength(1));
	expect(await chargesOf(charged.order_id)).toEqual([{ state: "succeeded", attempts: 1 }] as never);
	expect(await letters("module=payment")).toEqual([]);
});

describe("what fails again", () => {
	test("is parked again with who redrove it, and is not picked up by the same redrive", async () => {
		const known = await app.placeOrder();
		for (let n = 0; n < 5; n += 1) await publishTaken(known.order_id);
		await eventually(async () => expect(await letters("module=order")).toHaveLength(5));
		const first = await letters();
		expect(await redrive({ filter: { module: "order" }, per_second: 20 })).toMatchObject({
			sent: 5,
		});
		const again = await eventually(async () => {
			const all = await letters();
			expect(all).toHaveLength(5);
			expect(all.map(({ redrives }) => redrives)).toEqual([1, 1, 1, 1, 1]);
			return all;
		});
		expect(new Set(again.map(({ fingerprint }) => fingerprint))).toEqual(
			new Set(first.map(({ fingerprint }) => fingerprint)),
		);
		expect(again[0]).toMatchObject({ redriven_by: "ada", redriven_at: expect.any(String) });
		expect(await redrive({ filter: {}, returned_share_max: 1 })).toMatchObject({ sent: 5 });
		await eventually(async () =>
			expect((await letters()).map(({ redrives }) => redrives)).toEqual([2, 2, 2, 2, 2]),
		);
	});

	test("stops the redrive when it is too much of it", async () => {
		const known = await app.placeOrder();
		await Promise.all(Array.from({ length: 200 }, () => publishTaken(known.order_id)));
		await eventually(async () =>
			expect((await streams.jsm.streams.info("DLQ")).state.messages).toBe(200),
		);
		const end = await redrive({ filter: {}, per_second: 100, returned_share_max: 0.1 });
		expect(end.stopped).toBe("too many failed again");
		expect(end.sent).toBeLessThan(200);
		await eventually(async () =>
			expect((await streams.jsm.streams.info("DLQ")).state.messages).toBe(200),
		);
	});
});

test("whoever hangs up stops the redrive; what was not sent stays", async () => {
	const known = await app.placeOrder();
	await Promise.all(Array.from({ length: 60 }, () => publishTaken(known.order_id)));
	await eventually(async () =>
		expect((await streams.jsm.streams.info("DLQ")).state.messages).toBe(60),
	);
	const hanging = new AbortController();
	const answer = await fetch(`${app.app.ops_url}/v1/dead-letters/redrive`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify({
			operator: "ada",
			filter: {},
			per_second: 10,
			returned_share_max: 1,
		}),
		signal: hanging.signal,
	});
	await answer.body?.getReader().read();
	hanging.abort();
	const end = await eventually(async () => {
		const ended = (await acts()).find(({ phase }) => phase === "ended");
		expect(ended).toBeDefined();
		return ended?.details;
	});
	expect(end).toMatchObject({ stopped: "by the operator" });
	expect(end.sent).toBeLessThan(60);
	const letters_left = (await streams.jsm.streams.info("DLQ")).state.messages;
	expect(letters_left).toBeGreaterThanOrEqual(60 - end.sent);
});

test("letters are found by module, type, order, time and fingerprint, page by page", async () => {
	const known = await app.placeOrder();
	const before = new Date().toISOString();
	for (let n = 0; n < 3; n += 1) await publishTaken(known.order_id);
	await streams.publish("orders.created.v2", "{");
	await eventually(async () => expect(await letters()).toHaveLength(4));
	const count = async (query: string) => (await letters(query)).length;
	expect(await count("module=order")).toBe(3);
	expect(await count("module=inventory")).toBe(1);
	expect(await count("module=audit")).toBe(0);
	expect(await count("type=orders.created.v2")).toBe(1);
	expect(await count(`order_id=${known.order_id}`)).toBe(3);
	expect(await count(`since=${before}`)).toBe(4);
	expect(await count(`until=${before}`)).toBe(0);
	const [first] = await letters("limit=1");
	expect(await count(`fingerprint=${first?.fingerprint}`)).toBeWithin(1, 4);
	const pages: Letter[] = [];
	for (let cursor: number | undefined = 0; cursor !== undefined; ) {
		const page: { letters: Letter[]; next_cursor?: number } = await get(
			`dead-letters?limit=2&cursor=${cursor}`,
		);
		pages.push(...page.letters);
		cursor = page.next_cursor;
	}
	expect(pages).toEqual(await letters());
	expect((await ops("GET", "dead-letters?color=red")).status).toBe(400);
	expect((await ops("GET", "dead-letters/99999")).status).toBe(404);
});

test("a discarded letter is kept with who and why, and can be restored and redriven", async () => {
	await parkReservation("discarded-1");
	const [letter] = await letters();
	const sequences = [letter?.sequence];
	const why = "the customer called";
	expect(await post<object>("dead-letters/discard", { operator: "ada", sequences, why })).toEqual({
		moved: 1,
	});
	expect(await letters()).toEqual([]);
	const [discarded] = await letters("discarded=true");
	expect(discarded).toMatchObject({ discarded_by: "ada", discarded_why: why });
	const back = { operator: "bob", sequences: [discarded?.sequence] };
	expect(await post<object>("dead-letters/restore", back)).toEqual({ moved: 1 });
	expect(await letters("discarded=true")).toEqual([]);
	const [restored] = await letters();
	expect({ ...restored, sequence: 0 }).toEqual({ ...letter, sequence: 0 } as never);
	await redrive({ sequences: [restored?.sequence] });
	await eventually(async () => expect(await chargesOf("discarded-1")).toHaveLength(1));
	expect((await acts()).map(({ operator, action, phase }) => [operator, action, phase])).toEqual([
		["ada", "dead_letters.discard", "begun"],
		["ada", "dead_letters.discard", "ended"],
		["bob", "dead_letters.restore", "begun"],
		["bob", "dead_letters.restore", "ended"],
		["ada", "dead_letters.redrive", "begun"],
		["ada", "dead_letters.redrive", "ended"],
	]);
});

test("an edited message is sent as an event of its own, and the original is kept", async () => {
	const wrong = {
		message_id: "from-the-shop",
		order_id: "edited-1",
		customer_id: "customer-1",
		total_amount: "12.50",
		created_at: Date.now(),
	};
	await streams.publish("orders.created.v1", wrong);
	const [letter] = await eventually(async () => {
		const all = await letters();
		expect(all).toHaveLength(1);
		return all;
	});
	const path = `dead-letters/${letter?.sequence}/redrive`;
	const data = { ...wrong, total_amount: 12.5 };
	const dry = await post<object>(path, { operator: "ada", data, dry_run: true });
	expect(dry).toMatchObject({
		changes: [{ field: "total_amount", before: "12.50", after: 12.5 }],
		sent: false,
	});
	expect((await ops("POST", path, { operator: "ada", data: wrong })).status).toBe(422);
	expect(await letters()).toHaveLength(1);
	const { message_id } = await post<{ message_id: string }>(path, { operator: "ada", data });
	await eventually(async () => expect((await app.order("edited-1")).total_amount).toBe(1_250));
	expect(await letters()).toEqual([]);
	const [original] = await letters("discarded=true");
	expect(original?.discarded_why).toBe(`replaced by ${message_id}`);
	const kept = await get<{ payload: string }>(`dead-letters/${original?.sequence}?discarded=true`);
	expect(JSON.parse(kept.payload)).toEqual(wrong);
	const [begun] = await acts();
	expect(begun).toMatchObject({
		action: "dead_letters.edit",
		details: { changes: [{ field: "total_amount" }], replaced_by: message_id },
	});
});

test.each([
	["dead-letters/redrive", { operator: "ada" }],
	["dead-letters/redrive", { filter: {} }],
	["dead-letters/redrive", { operator: "ada", filter: {}, sequences: [1] }],
	["dead-letters/redrive", { operator: "a b", filter: {} }],
	["dead-letters/discard", { operator: "ada", filter: {} }],
	["dead-letters/restore", { operator: "ada", sequences: [] }],
])("%s refuses %j, and says nothing was done", async (path, body) => {
	expect((await ops("POST", path, body)).status).toBe(400);
	expect(await acts()).toEqual([]);
});
