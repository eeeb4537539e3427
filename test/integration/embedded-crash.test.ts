import { afterEach, expect, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { addEndpoints, type Endpoints, readEndpoints } from "../../src/embedded/endpoints.ts";
import { commandLine } from "../../src/embedded/leftover.ts";
import { startNatsServer } from "../../src/embedded/nats-server.ts";
import { startPostgres } from "../../src/embedded/postgres.ts";
import { natsBinary } from "../support/nats.ts";
import { processesNaming } from "../support/processes.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { eventually } from "../support/wait.ts";

const CHILD = join(import.meta.dir, "embedded-child.ts");

const binary = await natsBinary();
const folder = temporaryFolder("crash");
const postgres_folder = join(folder, "postgres");
const nats_folder = join(folder, "nats");
const others: Bun.Subprocess[] = [];

afterEach(async () => {
	for (const other of others.splice(0)) other.kill("SIGKILL");
	await eventually(() => expect(processesNaming(folder)).toEqual([]));
});

/** Another millrace on the folder. It leads a process group, as one started in a terminal does. */
async function otherMillrace(): Promise<{ pid: number; endpoints: Endpoints }> {
	const other = Bun.spawn([process.execPath, CHILD, folder], {
		stdin: "pipe",
		stdout: "pipe",
		stderr: "inherit",
		detached: true,
	});
	others.push(other);
	const { value } = await other.stdout.getReader().read();
	return { pid: other.pid, endpoints: JSON.parse(new TextDecoder().decode(value)) };
}

/** What runs under the process ids that the servers wrote down. */
function servers(): string[] {
	const files = [
		join(postgres_folder, "data", "postmaster.pid"),
		join(nats_folder, "nats-server.pid"),
	];
	const pids = files.map((file) => Number.parseInt(readFileSync(file, "utf8"), 10));
	return pids.map((pid) => `${pid} ${commandLine(pid)}`);
}

const BOTH = [/^\d+ \S+\/postgres -D /, /^\d+ \S+\/nats-server -c /].map((each) =>
	expect.stringMatching(each),
);

/** The server that runs as process `pid`, stopped and started again without a guard. */
async function abandon(pid: number, server: { stop(): Promise<void> }, owner: string) {
	const command = commandLine(pid).trim().split(" ");
	const { uid, gid } = statSync(owner);
	await server.stop();
	const output = { stdout: "ignore", stderr: "ignore" } as const;
	const orphan = Bun.spawn(command, { ...output, uid, gid, cwd: "/", detached: true });
	others.push(orphan);
	return orphan;
}

test("both servers end when millrace is killed with SIGKILL", async () => {
	const { pid } = await otherMillrace();
	expect(servers()).toEqual(BOTH);
	process.kill(pid, "SIGKILL");
	await eventually(() => expect(processesNaming(folder)).toEqual([]), { timeout_ms: 5_000 });
});

test("what a killed millrace wrote to endpoints.json is gone at the next start", async () => {
	addEndpoints(folder, { http_url: "http://127.0.0.1:1" });
	const { endpoints } = await otherMillrace();
	expect(readEndpoints(folder)).toEqual(endpoints);
});

test("an interrupt typed at the terminal does not reach the servers", async () => {
	const { pid, endpoints } = await otherMillrace();
	process.kill(-pid, "SIGINT");
	const health = await fetch(`${endpoints.nats_monitoring_url}/healthz`);
	expect(health.status).toBe(200);
	expect(servers()).toEqual(BOTH);
});

test("a second millrace on the folder is refused, told of the first, and disturbs nothing", async () => {
	const { pid } = await otherMillrace();
	const before = servers();
	const refusal = new RegExp(
		`process ${pid}, .*--data-dir.*DATABASE_URL.*${folder}/endpoints.json`,
	);
	await expect(startPostgres({ folder: postgres_folder })).rejects.toThrow(refusal);
	await expect(startNatsServer({ binary, folder: nats_folder })).rejects.toThrow(refusal);
	expect(servers()).toEqual(before);
});

test("a PostgreSQL left over is stopped at the next start", async () => {
	const first = await startPostgres({ folder: postgres_folder });
	const data = join(postgres_folder, "data");
	const orphan = await abandon(first.pid, first, data);
	await eventually(() =>
		expect(readFileSync(join(data, "postmaster.pid"), "utf8")).toContain("ready"),
	);
	const lines: string[] = [];
	const second = await startPostgres({
		folder: postgres_folder,
		report: (line) => lines.push(line),
	});
	expect(await orphan.exited).toBe(0);
	expect(second.url).toBe(first.url);
	expect(lines).toEqual([expect.stringContaining(`process ${orphan.pid}`)]);
	await second.stop();
});

test("a nats-server left over is stopped at the next start", async () => {
	const first = await startNatsServer({ binary, folder: nats_folder });
	const orphan = await abandon(first.pid, first, nats_folder);
	await eventually(async () => expect((await fetch(first.monitoring_url)).status).toBe(200));
	const second = await startNatsServer({ binary, folder: nats_folder });
	await orphan.exited;
	expect(second.url).toBe(first.url);
	await second.stop();
});

test("an unrelated process that has a server's old id is left alone", async () => {
	const stranger = Bun.spawn(["sleep", "60"]);
	others.push(stranger);
	const data = join(postgres_folder, "data");
	writeFileSync(join(nats_folder, "nats-server.pid"), `${stranger.pid}`);
	writeFileSync(join(data, "postmaster.pid"), `${stranger.pid}\n${data}\n1\n1\n\n\n\nready\n`);
	const started = await Promise.all([
		startPostgres({ folder: postgres_folder }),
		startNatsServer({ binary, folder: nats_folder }),
	]);
	expect(commandLine(stranger.pid)).toStartWith("sleep 60");
	for (const server of started) await server.stop();
});

test("another port is taken when the old one is not free", async () => {
	const first = await startNatsServer({ binary, folder: nats_folder });
	await first.stop();
	const port = Number(new URL(first.url).port);
	const other = Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } });
	const second = await startNatsServer({ binary, folder: nats_folder }).finally(() => other.stop());
	expect(second.url).not.toBe(first.url);
	expect(second.monitoring_url).toBe(first.monitoring_url);
	await second.stop();
});
