import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "../support/client.ts";
import { privateServers } from "../support/servers.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { ended, ROOT, run } from "./program.ts";

const BUILD_MS_MAX = 120_000;
const folder = temporaryFolder("executable");
const file = join(folder, "millrace");
const servers = await privateServers();
afterAll(servers.close);

beforeAll(async () => {
	const build = await ended(run([process.execPath, "run", "build", "--outfile", file]));
	expect(build).toMatchObject({ code: 0, stdout: expect.stringMatching(/millrace {2}[\d.]+ MiB/) });
}, BUILD_MS_MAX);

/** Runs the executable where there is nothing else. */
const execute = (args: string[], env = {}) =>
	run([file, ...args], {
		cwd: temporaryFolder("empty"),
		env: { ...env, PORT: "0", OPS_PORT: "0" },
	});

test("it is one file", () => {
	expect(readdirSync(folder)).toEqual(["millrace"]);
});

test("it helps, and has its settings inside", async () => {
	const help = await ended(execute(["--help"]));
	expect(help).toMatchObject({ code: 0, stderr: "" });
	expect(help.stdout).toContain("Usage: millrace [COMMAND] [FLAGS]");
	const settings = await ended(execute(["config", "print", "--config", "production"]));
	expect(Bun.TOML.parse(settings.stdout)).toMatchObject({ nats: { replicas: 3 } });
});

test("it takes an order to its end on given servers, and stops in order", async () => {
	const program = execute(["start"], {
		DATABASE_URL: servers.database_url,
		NATS_URL: servers.nats.url,
	});
	const [, url = ""] = await program.says(/"http":"([^"]+)".*"msg":"started"/);
	const client = createClient(url);
	await client.stockUp("SKU-1", 1);
	const { order_id } = await client.placeOrder();
	await client.ended(order_id, "confirmed");
	program.kill("SIGTERM");
	expect(await program.exited).toBe(0);
}, 60_000);

test("it says that it brings no servers", async () => {
	const { code, stderr } = await ended(execute([], { NATS_URL: servers.nats.url }));
	expect(code).toBe(1);
	expect(stderr).toMatch(/^millrace: There is no PostgreSQL to start: .+ set DATABASE_URL/);
}, 30_000);

test("a target that there is not is refused", async () => {
	const build = run([process.execPath, "src/cli/build.ts", "--target", "windows-x64"], {
		cwd: ROOT,
	});
	const { code, stderr } = await ended(build);
	expect(code).toBe(2);
	expect(stderr).toStartWith('millrace: There is no target "windows-x64". Targets: linux-x64');
});
