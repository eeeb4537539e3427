import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readEndpoints } from "../../src/embedded/endpoints.ts";
import { commandLine } from "../../src/embedded/leftover.ts";
import { startSandbox as startEmbedded } from "../../src/embedded/sandbox.ts";
import { startServers } from "../../src/embedded/servers.ts";
import { ended, millrace } from "../e2e/program.ts";
import { processesNaming } from "../support/processes.ts";
import { type SandboxProcess, startSandbox } from "../support/sandbox.ts";
import { post } from "../support/sandbox-client.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { eventually } from "../support/wait.ts";

const BODY = "amount=100&currency=eur&confirm=true&payment_method=pm_card_visa";

const others: Bun.Subprocess[] = [];
afterAll(() => {
	for (const other of others) other.kill("SIGKILL");
});

const call = (...args: string[]) => ended(millrace(["sandbox", ...args]));
const charge = ({ url }: Pick<SandboxProcess, "url">) => post(url, "/v1/payment_intents", BODY);
const chargesOf = async (url: string) => {
	const stats = (await (await fetch(`${url}/_sandbox/stats`)).json()) as { charges: object };
	return stats.charges;
};

describe("the command", () => {
	test("says where it is, in a line for programs", async () => {
		const folder = temporaryFolder("sandbox");
		const program = millrace(["sandbox", "--port", "0", "--data-dir", folder]);
		const [, url = ""] = await program.says(/"url":"(http:\/\/127\.0\.0\.1:\d+)".*"msg":"started"/);
		expect((await charge({ url })).status).toBe(200);
		program.kill("SIGINT");
		expect(await program.exited).toBe(0);
		expect(existsSync(join(folder, "ledger.ndjson"))).toBe(true);
	});

	test("tells in its help what every fault is", async () => {
		const { code, stdout } = await call("--help");
		expect(code).toBe(0);
		for (const word of [
			"timeout_after",
			"MEDIAN_MS~SIGMA",
			"--key-lifetime TIME",
			"default 4242",
		]) {
			expect(stdout).toContain(word);
		}
	});

	test.each([
		[["--fault", "charge:explode=1"], 'There is no fault "explode"'],
		[["--key-lifetime", "soon"], "--key-lifetime takes a time such as 24h"],
		[["--port", "http"], "--port takes a whole number up to 65535"],
		[["--seed", "-1"], "argument is ambiguous"],
		[["--webhook-reorder", "2"], "--webhook-reorder takes a number from 0 to 1"],
	])("refuses %p", async (flags, message) => {
		const folder = temporaryFolder("sandbox");
		const { code, stderr } = await call("--data-dir", folder, ...flags);
		expect(code).toBe(2);
		expect(stderr).toContain(message);
		expect(existsSync(join(folder, "ledger.ndjson"))).toBe(false);
	});

	test("takes one key when it is given one", async () => {
		const keyed = await startSandbox(["--key", "sk_test_only"]);
		expect((await charge(keyed)).status).toBe(401);
		const headers = { authorization: "Bearer sk_test_only" };
		expect((await post(keyed.url, "/v1/payment_intents", BODY, headers)).status).toBe(200);
		await keyed.stop();
	});
});

test("a second one on the folder is refused, told of the first", async () => {
	const sandbox = await startSandbox();
	const { code, stderr } = await call("--port", "0", "--data-dir", sandbox.data_folder);
	expect(code).toBe(1);
	expect(stderr).toMatch(
		new RegExp(`process ${sandbox.pid}, .*${sandbox.data_folder}.*--data-dir`),
	);
	expect((await charge(sandbox)).status).toBe(200);
	await sandbox.stop();
});

test("a taken port is named with the way out", async () => {
	const sandbox = await startSandbox();
	const { port } = new URL(sandbox.url);
	const { code, stderr } = await call("--port", port, "--data-dir", temporaryFolder("sandbox"));
	expect(code).toBe(1);
	expect(stderr).toContain(`Port ${port} is taken. Set --port to another port`);
	await sandbox.stop();
});

test("a stop waits for the answers in flight, and not for those that never come", async () => {
	const busy = await startSandbox(["--fault", "charge:latency=1000"]);
	const late = post(busy.url, "/v1/payment_intents", BODY, { "idempotency-key": "held" });
	await eventually(async () => expect((await busy.stats()).keys_at_work).toBe(1));
	await busy.faults({ charge: { timeout_after: 1 } });
	const never = charge(busy).then(
		() => "answered",
		() => "cut off",
	);
	await eventually(async () => expect((await busy.stats()).faults.timeout_after).toBe(1));
	expect(await busy.stop()).toBe(0);
	expect((await late).status).toBe(200);
	expect(await never).toBe("cut off");
	await busy.start();
	expect((await busy.stats()).charges.count).toBe(2);
	await busy.stop();
});

describe("the one that start starts", () => {
	const data_folder = temporaryFolder("sandbox");
	const start = (report = (_: string) => {}) =>
		startServers({ data_folder, sandbox: true, report });
	const ledger = join(data_folder, "sandbox", "ledger");

	test("is found in endpoints.json, keeps its address and its books, and leaves nothing behind", async () => {
		const first = await start();
		const url = first.gateway_url ?? "";
		expect(readEndpoints(data_folder)).toEqual({ gateway_url: url });
		expect((await charge({ url })).status).toBe(200);
		await first.stop();
		expect(processesNaming(data_folder)).toEqual([]);
		const second = await start();
		expect(second.gateway_url).toBe(url);
		expect(await chargesOf(url)).toMatchObject({ count: 1 });
		await second.stop();
	});

	test("is reported when it ends by itself", async () => {
		const servers = await start();
		const { pid } = JSON.parse(readFileSync(join(ledger, "owner.json"), "utf8"));
		process.kill(pid, "SIGKILL");
		expect(await servers.failed).toContain("sandbox gateway ended by itself");
		await servers.stop();
	});

	test("is not started twice on a folder", async () => {
		const servers = await start();
		const again = startEmbedded({ folder: join(data_folder, "sandbox") });
		await expect(again).rejects.toThrow(`process ${process.pid}, `);
		await servers.stop();
	});

	test("is stopped when an earlier run left it behind", async () => {
		const first = await start();
		const { pid } = JSON.parse(readFileSync(join(ledger, "owner.json"), "utf8"));
		const command = commandLine(pid).trim().split(" ");
		await first.stop();
		const orphan = Bun.spawn(command, { stdout: "ignore", stderr: "ignore", detached: true });
		others.push(orphan);
		await eventually(() => chargesOf(first.gateway_url ?? ""), { timeout_ms: 10_000 });
		const lines: string[] = [];
		const second = await start((line) => lines.push(line));
		expect(await orphan.exited).toBe(0);
		expect(lines).toEqual([expect.stringContaining(`process ${orphan.pid}`)]);
		expect(second.gateway_url).toBe(first.gateway_url as string);
		await second.stop();
	});
});
