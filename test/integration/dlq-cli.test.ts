import { afterAll, beforeEach, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startApp } from "../support/app.ts";
import { runMillrace } from "../support/cli.ts";
import { privateServers } from "../support/servers.ts";
import { openStreams } from "../support/streams.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { eventually } from "../support/wait.ts";

const servers = await privateServers();
afterAll(servers.close);
const app = await startApp(servers);
const streams = await openStreams(servers);
await app.stockUp("SKU-1", 1_000);

const millrace = (...args: string[]) => runMillrace([...args, "--ops-url", app.app.ops_url]);

const wrong = (order_id: string) => ({
	message_id: `m-${order_id}`,
	order_id,
	customer_id: "customer-1",
	total_amount: "12.50",
	created_at: 1_767_323_045_678,
});

async function parkWrong(...order_ids: string[]): Promise<void> {
	for (const order_id of order_ids) await streams.publish("orders.created.v1", wrong(order_id));
	await eventually(async () =>
		expect((await streams.jsm.streams.info("DLQ")).state.messages).toBe(order_ids.length),
	);
}

beforeEach(async () => {
	for (const stream of ["DLQ", "DISCARDED"]) await streams.jsm.streams.purge(stream);
});

test("an operator finds, foresees, redrives, discards, restores and edits dead letters", async () => {
	await parkWrong("cli-1", "cli-2");
	const { letters } = JSON.parse((await millrace("dlq", "list", "--json")).stdout) as {
		letters: { sequence: number }[];
	};
	const [one, two] = letters.map(({ sequence }) => String(sequence)) as [string, string];
	const listed = await millrace("dlq", "list", "--module", "order", "--since", "1h");
	expect(listed.stdout).toMatch(/^LETTER +PARKED +CONSUMER/);
	expect(listed.stdout.trim().split("\n")).toHaveLength(3);
	expect((await millrace("dlq", "list", "--module", "audit")).stdout).toBe("There are none.\n");
	expect((await millrace("dlq", "groups")).stdout).toMatch(
		/2 +0 +order-adopt .*schema violation: ZodError at orders\.created\.v1: total_amount/,
	);
	const shown = await millrace("dlq", "show", one);
	expect(shown.stdout).toContain("schema violation: parked again");
	expect(shown.stdout).toContain('"total_amount": "12.50"');

	const dry = await millrace("dlq", "redrive", "--all", "--dry-run");
	expect(dry.stdout).toContain("2 will fail again.");
	const unasked = await millrace("dlq", "redrive", one);
	expect(unasked).toMatchObject({ code: 2 });
	expect(unasked.stderr).toContain("--yes");

	const file = join(temporaryFolder("edit"), "edited.json");
	writeFileSync(file, JSON.stringify({ ...wrong("cli-1"), total_amount: 12.5 }));
	const edited = await millrace(
		"dlq",
		"redrive",
		one,
		"--edit",
		file,
		"--yes",
		"--operator",
		"ada",
	);
	expect(edited.stdout).toContain('- total_amount: "12.50"\n+ total_amount: 12.5\nSent as ');
	await eventually(async () => expect((await app.order("cli-1")).total_amount).toBe(1_250));

	const discarded = await millrace("dlq", "discard", two, "--why", "a test");
	expect(discarded).toMatchObject({ code: 0, stdout: expect.stringContaining("1 discarded") });
	expect((await millrace("dlq", "list", "--discarded")).stdout.trim().split("\n")).toHaveLength(3);
	const restored = await millrace("dlq", "restore", "--order", "cli-2");
	expect(restored.stdout).toBe("1 restored.\n");
	expect((await millrace("dlq", "restore", "--all")).stdout).toBe("1 restored.\n");
	const redriven = await millrace("dlq", "redrive", "--all", "--yes", "--returned-share", "1");
	expect(redriven.stdout).toMatch(/2 sent, \d failed again while it ran\.\n$/);
	expect(redriven.code).toBe(0);
}, 60_000);

test("an operator pauses, resumes and replays a consumer", async () => {
	expect((await millrace("consumers", "list")).stdout).toMatch(/payment-charge +INVENTORY .*runs/);
	const paused = await millrace("consumers", "pause", "payment-charge", "--for", "10m");
	expect(paused.stdout).toMatch(/payment-charge .*paused for (600|599) s/);
	expect((await millrace("consumers", "resume", "payment-charge")).stdout).toMatch(/runs/);
	const replayed = await millrace("consumers", "replay", "order-settle", "--from", "start");
	expect(replayed.stdout).toMatch(/begins at 1/);
	const refused = await millrace("consumers", "pause", "nobody");
	expect(refused.code).toBe(1);
	expect(refused.stderr).toContain("There are: inventory-release");
}, 60_000);

test.each([
	[["dlq", "redrive", "--yes"], "--all"],
	[["dlq", "redrive", "x"], "no letter"],
	[["dlq", "discard", "1"], "--why"],
	[["dlq", "show"], "one letter"],
	[["dlq", "list", "--since", "soon"], "--since takes a time"],
	[["consumers", "pause"], "one consumer"],
	[["consumers", "replay", "order-settle"], "--from"],
	[["consumers", "replay", "order-settle", "--from", "soon"], "--from takes"],
])("millrace %j is a wrong call, and says what to do", async (args, said) => {
	const { code, stderr } = await millrace(...args);
	expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(said) });
});
