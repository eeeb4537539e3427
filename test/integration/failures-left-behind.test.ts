import { afterAll, expect, test } from "bun:test";
import { createConsumer } from "../../src/messaging/consumer.ts";
import { noteBegun } from "../../src/messaging/failures.ts";
import { done, type Handle } from "../../src/messaging/outcome.ts";
import { orderConfirmed, publishEvent } from "../support/events.ts";
import { consumerSettings, layFoundation } from "../support/foundation.ts";
import { privateServers } from "../support/servers.ts";
import { openStreams } from "../support/streams.ts";
import { eventually } from "../support/wait.ts";

const servers = await privateServers();
afterAll(servers.close);
const { sql } = servers;
const foundation = await layFoundation(servers, "order");
const streams = await openStreams(servers);
const LONG_MS = 600_000;

const settings = {
	...consumerSettings,
	ack_wait_ms: 60_000,
	retry_first_ms: LONG_MS,
	retry_last_ms: LONG_MS,
	stall_ms: 60_000,
};

async function consume(durable: string, handle: Handle<"orders.confirmed.v1">) {
	const consumer = createConsumer(
		{ durable, stream: "ORDERS", subjects: ["orders.confirmed.v1"], handle },
		{ ...foundation, settings },
	);
	servers.atEnd(() => consumer.stop());
	await consumer.start();
}

/** What a process leaves that died an hour ago while it handled messages. */
async function leave(durable: string, ...message_ids: string[]) {
	await noteBegun(foundation.database, foundation.schema, durable, message_ids);
	await sql`
		update millrace_order.failures set last_failed_at = now() - interval '1 hour'
		where consumer = ${durable}`;
}

const onRecord = async (consumer: string) =>
	(
		await sql<{ message_id: string }[]>`
			select message_id from millrace_order.failures where consumer = ${consumer}`
	).map(({ message_id }) => message_id);

test("what is left on record of a message goes when its consumer has settled all there is", async () => {
	const event = orderConfirmed("left-behind");
	await publishEvent(streams, event);
	await leave("waits", event.message_id);
	await leave("settles", event.message_id, crypto.randomUUID());
	await leave("nobody", event.message_id);
	await consume("waits", async (events) =>
		events.map(() => ({ kind: "retry", error: new Error("not yet") })),
	);
	await eventually(async () => {
		const [row] = await sql`
			select attempts from millrace_order.failures where consumer = 'waits'`;
		expect(row?.attempts).toBe(1);
	});
	await leave("waits", event.message_id);
	await consume("settles", async (events) => events.map(() => done));
	await eventually(async () => expect(await onRecord("settles")).toEqual([]), {
		timeout_ms: 10_000,
	});
	expect(await onRecord("waits")).toEqual([event.message_id]);
	expect(await onRecord("nobody")).toEqual([event.message_id]);
}, 20_000);

test("what was put on record just now stays", async () => {
	await noteBegun(foundation.database, foundation.schema, "young", ["just-now"]);
	await noteBegun(foundation.database, foundation.schema, "young", ["an-hour-ago"]);
	await sql`
		update millrace_order.failures set last_failed_at = now() - interval '1 hour'
		where message_id = 'an-hour-ago'`;
	await consume("young", async (events) => events.map(() => done));
	await eventually(async () => expect(await onRecord("young")).toEqual(["just-now"]), {
		timeout_ms: 10_000,
	});
}, 20_000);
