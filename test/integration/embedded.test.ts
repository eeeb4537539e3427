import { afterEach, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "nats";
import postgres from "postgres";
import { readEndpoints } from "../../src/embedded/endpoints.ts";
import {
	type EmbeddedServers,
	type EmbeddedServersOptions,
	startServers,
} from "../../src/embedded/servers.ts";
import { natsBinary } from "../support/nats.ts";
import { processesNaming } from "../support/processes.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const binary = await natsBinary();
const started: EmbeddedServers[] = [];
const shared = temporaryFolder("embedded");

afterEach(async () => {
	for (const servers of started.splice(0)) await servers.stop();
});

async function start(data_folder: string, more: Partial<EmbeddedServersOptions> = {}) {
	const nats = { binary, path: "", cache_folder: "" };
	const servers = await startServers({ data_folder, postgres: {}, nats, report() {}, ...more });
	started.push(servers);
	return servers;
}

async function query(url: string | undefined, statement: string): Promise<object[]> {
	const sql = postgres(url ?? "", { max: 1 });
	try {
		return [...(await sql.unsafe(statement))];
	} finally {
		await sql.end();
	}
}

async function streams(nats_url: string | undefined, add?: string): Promise<string[]> {
	const connection = await connect({ servers: nats_url ?? "" });
	try {
		const manager = await jetstreamManager(connection);
		if (add !== undefined) await manager.streams.add({ name: add, subjects: [`${add}.*`] });
		return await manager.streams.names().next();
	} finally {
		await connection.close();
	}
}

test("both start in an empty folder, keep their data and addresses, and leave nothing behind", async () => {
	const folder = temporaryFolder("embedded");
	const first = await start(folder);
	await query(first.database_url, "create table kept as select 7 as seven");
	await streams(first.nats_url, "KEPT");
	expect(readEndpoints(folder)).toEqual({
		database_url: expect.stringMatching(/^postgres:\/\/millrace:.+@127\.0\.0\.1:\d+\/millrace$/),
		nats_url: expect.stringMatching(/^nats:\/\/127\.0\.0\.1:\d+$/),
		nats_monitoring_url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
	});
	expect(statSync(join(folder, "endpoints.json")).mode & 0o777).toBe(0o600);
	await first.stop();
	await first.stop();
	expect(processesNaming(folder)).toEqual([]);
	expect(existsSync(join(folder, "endpoints.json"))).toBe(false);

	const second = await start(folder);
	expect(second.database_url).toBe(first.database_url);
	expect(second.nats_url).toBe(first.nats_url);
	expect(await query(second.database_url, "select seven from kept")).toEqual([{ seven: 7 }]);
	expect(await streams(second.nats_url)).toEqual(["KEPT"]);
});

test("the database is UTF-8 in C order, durable, and only on the loopback interface", async () => {
	const { database_url } = await start(shared, { nats: undefined });
	const [row] = await query(
		database_url,
		`select current_setting('fsync') as fsync, current_setting('max_wal_size') as wal,
		current_setting('listen_addresses') as listen, current_setting('unix_socket_directories') as sockets,
		current_setting('server_version_num')::int / 10000 as version, datcollate, pg_encoding_to_char(encoding) as encoding
		from pg_database where datname = current_database()`,
	);
	expect(row).toEqual({
		fsync: "on",
		wal: "2GB",
		listen: "127.0.0.1",
		sockets: "",
		version: 18,
		datcollate: "C",
		encoding: "UTF8",
	});
});

test("settings given win over the built-in ones", async () => {
	const postgres = { settings: { shared_buffers: "16MB", work_mem: "8MB" } };
	const { database_url } = await start(shared, { postgres, nats: undefined });
	const statement = "select current_setting('shared_buffers') a, current_setting('work_mem') b";
	expect(await query(database_url, statement)).toEqual([{ a: "16MB", b: "8MB" }]);
});

test("the wrong password is refused", async () => {
	const { database_url = "" } = await start(shared, { nats: undefined });
	const url = new URL(database_url);
	url.password = "guess";
	await expect(query(url.href, "select 1")).rejects.toThrow("password authentication failed");
});

test("when one does not start, the other is stopped and the error says why", async () => {
	const folder = temporaryFolder("embedded");
	const settings = { shared_buffers: "much" };
	await expect(start(folder, { postgres: { settings } })).rejects.toThrow(
		/invalid value for parameter "shared_buffers"/,
	);
	expect(processesNaming(folder)).toEqual([]);
});

test("a server that ends by itself is reported", async () => {
	const folder = temporaryFolder("embedded");
	const servers = await start(folder, { postgres: undefined });
	process.kill(Number(readFileSync(join(folder, "nats", "nats-server.pid"))), "SIGKILL");
	expect(await servers.failed).toContain("nats-server ended by itself");
});
