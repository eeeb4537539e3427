import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { orderConfirmed, publishEvent } from "../support/events.ts";
import { layFoundation } from "../support/foundation.ts";
import { privateServers } from "../support/servers.ts";
import { openStreams } from "../support/streams.ts";
import { eventually } from "../support/wait.ts";

const CHILD = join(import.meta.dir, "crash-loop-child.ts");
const TEST_MS_MAX = 120_000;
const ATTEMPTS_MAX = 5;
/** Twice unsuspected and once together with other suspects, before a message is handled alone. */
const DEATHS_EACH_MAX = ATTEMPTS_MAX + 3;

const servers = await privateServers();
afterAll(servers.close);
const { sql } = servers;
await layFoundation(servers, "order");
const streams = await openStreams(servers);
await sql`create table effects (order_id text not null)`;

/** Starts the process again whenever it has died. */
function supervise(durable: string, count: number) {
	let deaths = 0;
	let stopping = false;
	const stops = new Set<() => unknown>();
	const running = Array.from({ length: count }, async () => {
		while (!stopping) {
			const child = Bun.spawn(
				[process.execPath, CHILD, servers.nats.url, servers.database_url, durable],
				{ stdin: "pipe", stdout: "ignore", stderr: "inherit" },
			);
			stops.add(() => child.stdin.end());
			await child.exited;
			if (child.signalCode === "SIGKILL") deaths += 1;
			else if (!stopping) throw new Error(`the child ended with ${child.exitCode}`);
		}
	});
	return {
		deaths: () => deaths,
		async stop() {
			stopping = true;
			for (const stop of stops) stop();
			await Promise.all(running);
		},
	};
}

async function run(durable: string, processes: number, ids: readonly string[]) {
	await sql`delete from effects`;
	for (const stream of ["ORDERS", "DLQ"]) await streams.jsm.streams.purge(stream);
	await Promise.all(ids.map((id) => publishEvent(streams, orderConfirmed(id))));
	const bad = ids.filter((id) => !id.startsWith("good"));
	const supervised = supervise(durable, processes);
	try {
		await eventually(
			async () => {
				expect((await streams.jsm.streams.info("DLQ")).state.messages).toBe(bad.length);
				const info = await streams.jsm.consumers.info("ORDERS", durable);
				expect([info.num_pending, info.num_ack_pending]).toEqual([0, 0]);
			},
			{ timeout_ms: TEST_MS_MAX - 10_000 },
		);
		await eventually(async () =>
			expect(await sql`select message_id from millrace_order.failures`).toEqual([] as never),
		);
	} finally {
		await supervised.stop();
	}
	const letters = (await streams.messages("DLQ")).map((letter) => ({
		order_id: letter.header("Millrace-Order-Id"),
		reason: letter.header("Millrace-Reason"),
		attempts: Number(letter.header("Millrace-Attempts")),
		fingerprint: letter.header("Millrace-Fingerprint"),
	}));
	const effects = await sql<{ order_id: string; count: number }[]>`
		select order_id, count(*)::int as count from effects group by order_id`;
	return {
		deaths: supervised.deaths(),
		letters: letters.sort((one, other) => (one.order_id < other.order_id ? -1 : 1)),
		effects: new Map(effects.map(({ order_id, count }) => [order_id, count])),
	};
}

const good = (count: number) =>
	Array.from({ length: count }, () => `good-${crypto.randomUUID().slice(0, 8)}`);

test(
	"a message that its process does not survive is parked, and none of its neighbours",
	async () => {
		const neighbours = good(150);
		const ids = [...neighbours.slice(0, 30), "poison-0", ...neighbours.slice(30)];
		const { deaths, letters, effects } = await run("one", 1, ids);
		expect(letters).toEqual([
			{
				order_id: "poison-0",
				reason: "crash loop",
				attempts: ATTEMPTS_MAX,
				fingerprint: expect.any(String),
			},
		]);
		expect(deaths).toBeWithin(ATTEMPTS_MAX, DEATHS_EACH_MAX + 1);
		expect([...effects.keys()].sort()).toEqual(neighbours.sort());
	},
	TEST_MS_MAX,
);

test(
	"several of them are found one by one by several replicas, beside one that only fails",
	async () => {
		const neighbours = good(150);
		const ids = ["hopeless-1", "poison-1", ...neighbours, "poison-2", "poison-3"];
		const { deaths, letters, effects } = await run("many", 2, ids);
		expect(letters.map(({ order_id, reason }) => [order_id, reason])).toEqual([
			["hopeless-1", "attempts exhausted"],
			["poison-1", "crash loop"],
			["poison-2", "crash loop"],
			["poison-3", "crash loop"],
		]);
		expect(letters.map(({ attempts }) => attempts)).toEqual([5, 5, 5, 5]);
		expect(new Set(letters.map(({ fingerprint }) => fingerprint)).size).toBe(2);
		expect(deaths).toBeLessThanOrEqual(2 * 3 * DEATHS_EACH_MAX);
		const handled = [...effects.keys()].filter((id) => id.startsWith("good"));
		expect(handled.sort()).toEqual(neighbours.sort());
	},
	TEST_MS_MAX,
);
