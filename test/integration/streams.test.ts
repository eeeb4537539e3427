import { afterAll, beforeEach, expect, test } from "bun:test";
import { provisionConsumer, provisionStreams, wantedStreams } from "../../src/messaging/streams.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { streamOptions } from "../support/foundation.ts";
import { privateServers } from "../support/servers.ts";
import { openStreams } from "../support/streams.ts";

const servers = await privateServers();
afterAll(servers.close);
const { jsm } = await openStreams(servers);
const lines: Record<string, unknown>[] = [];
const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
const log = createLog({ level: "info", pretty: false, destination });
const NAMES = ["ORDERS", "INVENTORY", "PAYMENTS", "OPERATIONS", "DLQ", "DISCARDED"];

beforeEach(async () => {
	lines.splice(0);
	for (const { config } of await jsm.streams.list().next()) await jsm.streams.delete(config.name);
	expect(await provisionStreams(jsm, streamOptions, log)).toEqual([]);
});

const configs = () => Promise.all(NAMES.map(async (name) => (await jsm.streams.info(name)).config));

test("every stream is made with what replay and atomic batches need", async () => {
	for (const config of await configs()) {
		const discard = config.name === "DISCARDED" ? "old" : "new";
		expect(config).toMatchObject({
			retention: "limits",
			storage: "file",
			discard,
			allow_atomic: true,
			num_replicas: 1,
			max_age: 0,
		} as object);
	}
	const subjects = (await configs()).flatMap((config) => config.subjects);
	expect(subjects).toEqual([
		"orders.*.*",
		"inventory.*.*",
		"payments.*.*",
		"operations.*.*",
		"orders.dlq",
		"inventory.dlq",
		"payments.dlq",
		"audit.dlq",
		"orders.discarded",
		"inventory.discarded",
		"payments.discarded",
		"audit.discarded",
	]);
});

test("making them again changes nothing and says nothing", async () => {
	const before = await configs();
	expect(await provisionStreams(jsm, streamOptions, log)).toEqual([]);
	expect(await configs()).toEqual(before);
	expect(lines).toEqual([]);
});

test("a stream that differs is reported, and left as it is", async () => {
	await jsm.streams.update("ORDERS", { max_bytes: 123_456_789, discard: "old" as never });
	const differences = await provisionStreams(jsm, streamOptions, log);
	expect(differences).toEqual([
		{ of: "stream ORDERS", setting: "discard", wanted: "new", found: "old" },
		{ of: "stream ORDERS", setting: "max_bytes", wanted: 1_000_000_000, found: 123_456_789 },
	]);
	expect((await jsm.streams.info("ORDERS")).config).toMatchObject({
		max_bytes: 123_456_789,
		discard: "old",
	} as object);
	expect(lines.map(({ level, setting }) => [level, setting])).toEqual([
		["warn", "discard"],
		["warn", "max_bytes"],
	]);
});

test("a missing stream is made, whatever became of the others", async () => {
	await jsm.streams.delete("PAYMENTS");
	await provisionStreams(jsm, streamOptions, log);
	const wanted = wantedStreams(streamOptions).find(({ name }) => name === "PAYMENTS");
	expect((await jsm.streams.info("PAYMENTS")).config).toMatchObject(wanted as object);
});

test("a consumer is made once, and one that differs is reported and left as it is", async () => {
	const options = {
		durable: "reader",
		stream: "ORDERS",
		subjects: ["orders.created.v2"],
		acknowledge: "each" as const,
		ack_wait_ms: 10_000,
		in_flight_max: 100,
	};
	expect(await provisionConsumer(jsm, options, log)).toEqual([]);
	expect(await provisionConsumer(jsm, options, log)).toEqual([]);
	const { config } = await jsm.consumers.info("ORDERS", "reader");
	expect(config).toMatchObject({ ack_policy: "explicit", max_deliver: -1, max_ack_pending: 100 });
	expect(config.backoff).toBeUndefined();
	const differences = await provisionConsumer(jsm, { ...options, in_flight_max: 200 }, log);
	expect(differences).toEqual([
		{ of: "consumer reader", setting: "max_ack_pending", wanted: 200, found: 100 },
	]);
	expect((await jsm.consumers.info("ORDERS", "reader")).config.max_ack_pending).toBe(100);
});
