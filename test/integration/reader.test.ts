import { afterAll, expect, test } from "bun:test";
import { readStreams, type StreamMessage } from "../../src/messaging/reader.ts";
import { layFoundation } from "../support/foundation.ts";
import { privateServers } from "../support/servers.ts";
import { eventually } from "../support/wait.ts";

const servers = await privateServers();
afterAll(servers.close);
const { broker } = await layFoundation(servers, "audit");

test("reading that cannot begin on every stream goes on on none", async () => {
	const { js, jsm } = await broker.ready;
	const heard: StreamMessage[] = [];
	const hear = (message: StreamMessage) => void heard.push(message);
	await jsm.streams.delete("PAYMENTS");
	const starts = [
		{ stream: "ORDERS", sequence: 1 },
		{ stream: "PAYMENTS", sequence: 1 },
	] as const;
	await expect(readStreams(broker, starts, hear)).rejects.toThrow();
	await js.publish("orders.created.v2", "published after that");
	const others: StreamMessage[] = [];
	const reading = await readStreams(broker, starts.slice(0, 1), (it) => void others.push(it));
	await eventually(() => expect(others).toHaveLength(1));
	await reading.stop();
	expect(heard).toEqual([]);
});
