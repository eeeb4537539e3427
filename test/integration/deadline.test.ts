import { afterAll, expect, test } from "bun:test";
import { openDatabase } from "../../src/database/connection.ts";
import { DatabaseUnavailableError } from "../../src/database/errors.ts";
import { openProxy } from "../support/proxy.ts";
import { privateServers } from "../support/servers.ts";
import { eventually } from "../support/wait.ts";

const servers = await privateServers();
afterAll(servers.close);
const LIMITS = { connections_max: 1, connect_timeout_s: 1, statement_timeout_ms: 200 };

test("statements without an answer are given up, whether sent or waiting, and nothing else happens", async () => {
	const proxy = await openProxy(servers.database_url);
	const uncaught: unknown[] = [];
	const note = (error: unknown) => void uncaught.push(error);
	process.on("unhandledRejection", note);
	const { run, sql, stop } = openDatabase({ url: proxy.url, ...LIMITS });
	await run(sql`create table written (name text)`);
	proxy.stall();
	proxy.refuse();
	const given_up = ["sent", "waiting"].map((name) =>
		expect(run(sql`insert into written values (${name})`)).rejects.toThrow(
			DatabaseUnavailableError,
		),
	);
	await Promise.all(given_up);
	await proxy.mend();
	// What was sent arrives in the end; what was given up before it was sent must not.
	await eventually(async () =>
		expect(await servers.sql`select name from written`).toEqual([{ name: "sent" }] as never),
	);
	await stop();
	await proxy.close();
	process.off("unhandledRejection", note);
	expect(uncaught).toEqual([]);
});
