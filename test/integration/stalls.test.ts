import { afterAll, expect, test } from "bun:test";
import { nanos } from "nats";
import { createConsumer } from "../../src/messaging/consumer.ts";
import { done } from "../../src/messaging/outcome.ts";
import { provisionConsumer } from "../../src/messaging/streams.ts";
import { orderConfirmed, publishEvent } from "../support/events.ts";
import { consumerSettings, layFoundation } from "../support/foundation.ts";
import { privateServers } from "../support/servers.ts";
import { openStreams } from "../support/streams.ts";
import { eventually } from "../support/wait.ts";

const servers = await privateServers();
afterAll(servers.close);
const foundation = await layFoundation(servers, "order");
const streams = await openStreams(servers);
const { js, jsm } = streams;
const AN_HOUR_MS = 3_600_000;
const durable = "test-stalls";
const stream = "ORDERS";
const SUBJECT = "orders.confirmed.v1";

const settings = { ...consumerSettings, stall_ms: 1_000 };

test("a durable of which nothing comes any more begins anew behind what is settled", async () => {
	const subjects = [SUBJECT];
	const wanted = { ...settings, durable, stream, subjects, acknowledge: "each" } as const;
	await provisionConsumer(jsm, wanted, foundation.log);
	await jsm.consumers.update(stream, durable, { ack_wait: nanos(AN_HOUR_MS) });
	const ids = ["settled", "taken-1", "taken-2"];
	for (const id of ids) await publishEvent(streams, orderConfirmed(id));
	const taker = await js.consumers.get(stream, durable);
	const taken: string[] = [];
	for await (const message of await taker.fetch({ max_messages: 3, expires: 2_000 })) {
		const { order_id } = message.json<{ order_id: string }>();
		taken.push(order_id);
		if (order_id === "settled") await message.ackAck();
	}
	expect(taken).toEqual(ids);

	const handled: string[] = [];
	const consumer = createConsumer(
		{
			durable,
			stream,
			subjects: [SUBJECT],
			handle: async (events) => {
				handled.push(...events.map(({ data }) => data.order_id));
				return events.map(() => done);
			},
		},
		{ ...foundation, settings },
	);
	await consumer.start();
	await eventually(() => expect(handled.toSorted()).toEqual(["taken-1", "taken-2"]), {
		timeout_ms: 15_000,
	});
	await consumer.stop();
}, 30_000);
