import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "../../src/object-store/open-store.ts";
import { generateKey } from "../../src/transparency/keys.ts";
import { createClient } from "../support/client.ts";
import { privateServers } from "../support/servers.ts";
import { entryOf, eventsOf, writeLog } from "../support/signed-log.ts";
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

test("it checks an audit log that is worth several threads", async () => {
	const log = join(temporaryFolder("audit"), "log");
	const key = generateKey("example.com/orders");
	writeFileSync(`${log}.pub`, key.verifier.text);
	const orders = Array.from({ length: 25_000 }, (_, n) => eventsOf(`order-${n}`));
	await writeLog(openStore(log, undefined), key, [orders.flat().map(entryOf)]);
	const checked = await ended(execute(["audit", "verify", "--store", log, "--key", `${log}.pub`]));
	expect(checked).toMatchObject({ code: 0, stderr: "" });
	expect(checked.stdout).toContain("100,000 entries of example.com/orders are as they were signed");
}, 30_000);

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
