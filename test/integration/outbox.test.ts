import { afterAll, beforeEach, expect, test } from "bun:test";
import type { OutgoingEvent } from "../../src/contracts/events.ts";
import { REPUBLISHED } from "../../src/messaging/headers.ts";
import { encodeEvents } from "../../src/messaging/outbox.ts";
import { orderConfirmed, publishEvent } from "../support/events.ts";
import { layFoundation } from "../support/foundation.ts";
import { privateServers } from "../support/servers.ts";
import { openStreams } from "../support/streams.ts";
import { eventually } from "../support/wait.ts";

const servers = await privateServers();
afterAll(servers.close);
const { sql } = servers;
const foundation = await layFoundation(servers, "order");
const streams = await openStreams(servers);
const HOUR_MS = 3_600_000;

beforeEach(async () => {
	await sql`delete from millrace_order.outbox`;
	await streams.jsm.streams.purge("ORDERS");
});

const events = (count: number) =>
	Array.from({ length: count }, () => orderConfirmed(crypto.randomUUID()));
const ids = (list: readonly OutgoingEvent[]) => list.map(({ message_id }) => message_id);
const published = async () =>
	(await streams.messages("ORDERS")).map((message) => message.header("Nats-Msg-Id"));

/** Writes a row as a statement does; `positions` are the events of it that came true. */
async function writeRow(
	list: readonly OutgoingEvent[],
	lease_ms: number,
	positions: readonly number[] | null = null,
): Promise<number> {
	const payload = encodeEvents(list.map((event) => [event]));
	const [row] = await sql<[{ id: number }]>`
		insert into millrace_order.outbox (payload, positions, lease_until)
		values (${payload}, ${positions && `{${positions.join(",")}}`}::int[],
			now() + ${lease_ms} * interval '1 millisecond')
		returning id::int`;
	return row.id;
}

async function outboxRows(): Promise<number> {
	const [row] = await sql<[{ n: number }]>`select count(*)::int as n from millrace_order.outbox`;
	return row.n;
}

test("what a statement wrote is published in order and its row is freed", async () => {
	const relay = await foundation.relay();
	const list = events(50);
	relay.accept({ outbox_id: await writeRow(list, HOUR_MS), events: list });
	await eventually(async () => expect(await outboxRows()).toBe(0));
	const found = await streams.messages("ORDERS");
	expect(found.map((message) => message.header("Nats-Msg-Id"))).toEqual(ids(list));
	expect(found.filter((message) => message.header_names.includes(REPUBLISHED))).toEqual([]);
	await relay.stop();
});

test("a row whose writer died is swept, published with the mark, and freed", async () => {
	const orphan = events(3);
	const held = events(2);
	await writeRow(orphan, -1);
	await writeRow(held, HOUR_MS);
	const relay = await foundation.relay();
	await eventually(async () => expect(await outboxRows()).toBe(1));
	const found = await streams.messages("ORDERS");
	expect(found.map((message) => message.header("Nats-Msg-Id"))).toEqual(ids(orphan));
	expect(found.map((message) => message.header(REPUBLISHED))).toEqual(["1", "1", "1"]);
	expect(found.map((message) => new TextDecoder().decode(message.data))).toEqual(
		orphan.map(({ data }) => data),
	);
	await relay.stop();
});

test("of a swept row only the events that came true are published", async () => {
	const list = events(5);
	await writeRow(list, -1, [1, 4]);
	const relay = await foundation.relay();
	await eventually(async () => expect(await outboxRows()).toBe(0));
	expect(await published()).toEqual(ids([list[1], list[4]] as OutgoingEvent[]));
	await relay.stop();
});

test("sweepers at once take each row once", async () => {
	const lists = Array.from({ length: 60 }, () => events(1));
	for (const list of lists) await writeRow(list, -1);
	const relays = await Promise.all([foundation.relay(), foundation.relay(), foundation.relay()]);
	await eventually(async () => expect(await outboxRows()).toBe(0));
	expect((await published()).sort()).toEqual(ids(lists.flat()).sort());
	for (const relay of relays) await relay.stop();
});

test("a batch with an event that is published already loses none and doubles none", async () => {
	const relay = await foundation.relay();
	const list = events(10);
	await publishEvent(streams, list[4] as OutgoingEvent);
	relay.accept({ outbox_id: await writeRow(list, HOUR_MS), events: list });
	await eventually(async () => expect(await outboxRows()).toBe(0));
	const found = await streams.messages("ORDERS");
	expect(found.map((message) => message.header("Nats-Msg-Id")).sort()).toEqual(ids(list).sort());
	const marked = found.filter((message) => message.header(REPUBLISHED) === "1");
	expect(marked).toHaveLength(9);
	await relay.stop();
});

test("more than an atomic batch holds is published in several", async () => {
	const relay = await foundation.relay();
	const lists = Array.from({ length: 4 }, () => events(400));
	for (const list of lists)
		relay.accept({ outbox_id: await writeRow(list, HOUR_MS), events: list });
	await eventually(async () => expect(await outboxRows()).toBe(0));
	expect(await published()).toEqual(ids(lists.flat()));
	await relay.stop();
});

test("what it has no room for waits for the sweep", async () => {
	const relay = await foundation.relay({ waiting_events_max: 10 });
	const list = events(11);
	relay.accept({ outbox_id: await writeRow(list, 200), events: list });
	await eventually(async () => expect(await outboxRows()).toBe(0));
	const found = await streams.messages("ORDERS");
	expect(found.map((message) => message.header(REPUBLISHED))).toEqual(Array(11).fill("1"));
	await relay.stop();
});

test("while NATS is away events are held and their leases kept", async () => {
	const relay = await foundation.relay({ lease_ms: 400 });
	await servers.nats.stop();
	await eventually(() => expect(foundation.broker.connected()).toBe(false));
	const list = events(20);
	relay.accept({ outbox_id: await writeRow(list, 400), events: list });
	const [written] = await sql<[{ until: Date }]>`
		select lease_until as until from millrace_order.outbox`;
	await eventually(async () => {
		const [row] = await sql<[{ until: Date; kept: boolean }]>`
			select lease_until as until, lease_until > now() as kept from millrace_order.outbox`;
		expect(row.until.getTime()).toBeGreaterThan(written.until.getTime() + 400);
		expect(row.kept).toBe(true);
	});
	await servers.nats.restart();
	await eventually(async () => expect(await outboxRows()).toBe(0));
	await eventually(async () => expect((await published()).sort()).toEqual(ids(list).sort()));
	await relay.stop();
}, 15_000);

test("a stop publishes what waits, whatever the interval", async () => {
	const relay = await foundation.relay({ interval_ms: 600_000 });
	const lists = Array.from({ length: 5 }, () => events(3));
	for (const list of lists)
		relay.accept({ outbox_id: await writeRow(list, HOUR_MS), events: list });
	await relay.stop();
	expect(await published()).toEqual(ids(lists.flat()));
	expect(await outboxRows()).toBe(0);
});

test("a stop while NATS is away leaves what waits in the outbox", async () => {
	const relay = await foundation.relay({ sweep_interval_ms: 600_000 });
	await servers.nats.stop();
	await eventually(() => expect(foundation.broker.connected()).toBe(false));
	for (const list of [events(1_000), events(1_000)])
		relay.accept({ outbox_id: await writeRow(list, HOUR_MS), events: list });
	await relay.stop();
	expect(await outboxRows()).toBe(2);
	await servers.nats.restart();
	await eventually(() => expect(foundation.broker.connected()).toBe(true));
}, 15_000);
