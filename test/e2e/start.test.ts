import { afterAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readEndpoints } from "../../src/embedded/endpoints.ts";
import { createClient } from "../support/client.ts";
import { natsBinary } from "../support/nats.ts";
import { processesNaming } from "../support/processes.ts";
import { privateServers } from "../support/servers.ts";
import { settingsFile } from "../support/settings.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { eventually } from "../support/wait.ts";
import { ended, millrace } from "./program.ts";

const MINUTE_MS = 60_000;
const servers = await privateServers();
const given = { DATABASE_URL: servers.database_url, NATS_URL: servers.nats.url };
const config = settingsFile();
afterAll(servers.close);

function start(more: readonly string[] = [], env: Record<string, string> = {}) {
	const folder = temporaryFolder("start");
	return millrace(["start", "--config", config, "--data-dir", folder, ...more], {
		env: { ...given, ...env },
	});
}

async function opsUrl(program: ReturnType<typeof start>): Promise<string> {
	const [, url = ""] = await program.says(/"ops":"([^"]+)".*"msg":"started"/);
	return url;
}

test("on given servers it speaks JSON, without a password, and ends in order", async () => {
	const program = start();
	const url = await opsUrl(program);
	const health = (port: string) => ended(millrace(["health", "--ops-port", port]));
	const { port } = new URL(url);
	expect(await health(port)).toMatchObject({ code: 0, stdout: expect.stringContaining('"ready"') });
	program.kill("SIGTERM");
	expect(await program.exited).toBe(0);
	expect(await health(port)).toMatchObject({ code: 1, stderr: expect.stringContaining(url) });
	const lines = program.stdout().trim().split("\n");
	expect(lines.map((line) => JSON.parse(line).level)).toEqual(lines.map(() => "info"));
	expect(program.stdout()).toContain("postgres://***@127.0.0.1");
	expect(program.stderr()).toBe("");
}, 30_000);

test("a taken port is named with the way out", async () => {
	const other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
	const { code, stderr } = await ended(start(["--port", `${other.port}`]));
	other.stop();
	expect(code).toBe(1);
	expect(stderr).toBe(
		`millrace: Port ${other.port} is taken. Set PORT to another port, or stop the program that holds it.\n`,
	);
}, 30_000);

test("a Postgres that is away, or that refuses, is named with the way out", async () => {
	const wrong = new URL(servers.database_url);
	wrong.password = "wrong";
	const refused = await ended(start([], { DATABASE_URL: wrong.href }));
	expect(refused.code).toBe(1);
	expect(refused.stderr).toMatch(/^millrace: Postgres does not let us in: .+ Check DATABASE_URL/);
	wrong.port = "1";
	const away = await ended(start([], { DATABASE_URL: wrong.href }));
	expect(away.code).toBe(1);
	expect(away.stderr).toMatch(/^millrace: Postgres cannot be reached: .+ Check DATABASE_URL/);
}, 30_000);

test("a stop that takes too long ends, and the log says what it waited for", async () => {
	const hasty = settingsFile({ shutdown: { grace_ms: 200 } });
	const program = start(["--config", hasty]);
	await opsUrl(program);
	process.kill(servers.nats.pid, "SIGSTOP");
	try {
		program.kill("SIGTERM");
		expect(await program.exited).toBe(1);
	} finally {
		process.kill(servers.nats.pid, "SIGCONT");
	}
	expect(program.stdout()).toMatch(/"part":"[^"]+","grace_ms":200,"msg":"the stop takes too long"/);
}, 30_000);

test("a second signal stops at once", async () => {
	const patient = settingsFile({ shutdown: { grace_ms: 60_000 } });
	const program = start(["--config", patient]);
	await opsUrl(program);
	process.kill(servers.nats.pid, "SIGSTOP");
	try {
		program.kill("SIGTERM");
		await program.says(/stopping: SIGTERM/);
		let code: number | undefined;
		void program.exited.then((ended) => {
			code = ended;
		});
		await eventually(() => {
			program.kill("SIGTERM");
			expect(code).toBe(143);
		});
	} finally {
		process.kill(servers.nats.pid, "SIGCONT");
	}
}, 30_000);

test("embedded: goods are there, others find the way in, and nothing is left behind", async () => {
	const folder = temporaryFolder("start");
	const env = { NATS_SERVER_BIN: await natsBinary(), PORT: "0", OPS_PORT: "0" };
	const program = millrace(["start", "--data-dir", folder], { env });
	await program.says(/"msg":"started"/, MINUTE_MS);
	const endpoints = readEndpoints(folder);
	expect(program.stdout()).not.toContain(new URL(endpoints?.database_url ?? "").password);
	const client = createClient(endpoints?.http_url ?? "");
	expect(await client.available("TEA")).toBe(1_000_000);
	expect(program.stdout()).toContain(`"audit_key":"${join(folder, "audit.key.pub")}"`);
	program.kill("SIGINT");
	expect(await program.exited).toBe(0);
	expect(readEndpoints(folder)).toBeUndefined();
	expect(processesNaming(folder)).toEqual([]);
}, 90_000);

test("an embedded server that ends by itself ends the program, in order and with an error", async () => {
	const folder = temporaryFolder("start");
	const env = { NATS_URL: servers.nats.url, PORT: "0", OPS_PORT: "0" };
	const program = millrace(["start", "--data-dir", folder], { env });
	await program.says(/"msg":"started"/, MINUTE_MS);
	const state = readFileSync(join(folder, "postgres/data/postmaster.pid"), "utf8");
	process.kill(Number.parseInt(state, 10), "SIGKILL");
	expect(await program.exited).toBe(1);
	expect(program.stdout()).toMatch(/"level":"error".*The embedded PostgreSQL ended by itself/);
}, 90_000);
