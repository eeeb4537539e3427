import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { ended, millrace, type ProgramOptions } from "./program.ts";

const call = (line: string, options: ProgramOptions = {}) =>
	ended(millrace(line === "" ? [] : line.split(" "), options));

describe("help", () => {
	test.each(["--help", "-h", "help"])("%s lists every command", async (line) => {
		const { code, stdout, stderr } = await call(line);
		expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
		for (const name of ["start", "health", "config print", "version", "help"]) {
			expect(stdout).toContain(`\n  ${name} `);
		}
	});

	test.each([
		["start", "--roles LIST"],
		["health", "--ops-port NUMBER"],
		["config print", "--config FILE"],
		["version", "--help"],
		["help", "Usage: millrace help [COMMAND]"],
	])("of %s", async (name, holds) => {
		const asked = await call(`${name} --help`);
		expect(asked).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining(holds) });
		expect(await call(`help ${name}`)).toEqual(asked);
	});

	test("the version stands alone, for scripts", async () => {
		const { version } = await Bun.file(join(import.meta.dir, "../../package.json")).json();
		const answer = { code: 0, stdout: `${version}\n`, stderr: "" };
		expect(await call("--version")).toEqual(answer);
		expect(await call("version")).toEqual(answer);
	});
});

describe("a wrong call is refused with what there is", () => {
	test.each([
		["frobnicate", 'There is no command "frobnicate"', "millrace --help"],
		["config", '"millrace config" needs one more word', "millrace --help"],
		["start --frobnicate", "Unknown option '--frobnicate'", "millrace start --help"],
		["--frobnicate", "Unknown option '--frobnicate'", "millrace start --help"],
		["start there", "Unexpected argument 'there'", "millrace start --help"],
		["start --roles", "Option '--roles <value>' argument missing", "millrace start --help"],
		[
			"start --roles order,shipping",
			'There is no role "shipping". Roles: order, inventory, payment, audit, or all.',
			"millrace start --help",
		],
		[
			"start --demo --roles audit",
			"--demo places orders, so it needs the role order",
			"millrace start --help",
		],
	])("%s", async (line, message, help) => {
		const { code, stdout, stderr } = await call(line);
		expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
		expect(stderr).toStartWith(`millrace: ${message}`);
		expect(stderr).toEndWith(`See: ${help}\n`);
	});
});

describe("a wrong configuration is refused before anything starts", () => {
	const file = join(temporaryFolder("cli"), "wrong.toml");
	writeFileSync(file, "[http]\nprot = 1\n");

	test.each([
		["a level that there is not", "", { LOG_LEVEL: "loud" }, /log\.level \(LOG_LEVEL\)/],
		["a port out of range", "--port 70000", {}, /http\.port \(PORT\)/],
		["an unknown key of a file", `--config ${file}`, {}, /"prot"/],
		["a file that is not there", "--config nowhere.toml", {}, /nowhere\.toml cannot be read/],
		[
			"a database for some of the modules",
			"",
			{ DATABASE_URL_AUDIT: "postgres://a", NATS_URL: "nats://127.0.0.1:1" },
			/Set DATABASE_URL_ORDER/,
		],
		["tracing that cannot be followed", "", { OTEL_TRACES_SAMPLER: "most" }, /OTEL_TRACES_SAMPLER/],
	])("%s", async (_, line, env, message) => {
		const { code, stdout, stderr } = await call(`start ${line}`.trim(), { env });
		expect({ code, stdout }).toEqual({ code: 78, stdout: "" });
		expect(stderr).toMatch(message);
		expect(stderr).not.toContain("    at ");
	});
});

describe("config print", () => {
	const env = {
		DATABASE_URL: "postgres://shop:hunter2@db:5432/shop",
		NATS_URL: "nats://shop:hunter2@broker:4222",
		OTEL_EXPORTER_OTLP_HEADERS: "x-key=hunter2",
		OTEL_EXPORTER_OTLP_ENDPOINT: "http://shop:hunter2@collector:4318",
		PORT: "8123",
	};

	test("shows what is set and hides what is secret", async () => {
		const { code, stdout } = await call("config print --ops-port 9123", { env });
		expect(code).toBe(0);
		expect(stdout).toContain("port = 8123\n");
		expect(stdout).toContain("port = 9123\n");
		expect(stdout).toContain("postgres://***@db:5432/shop");
		expect(stdout).toContain("nats://***@broker:4222");
		expect(stdout).toContain('"x-key" = "***"');
		expect(stdout).not.toContain("hunter2");
	});

	test("gives a file that says the same", async () => {
		const file = join(temporaryFolder("cli"), "printed.toml");
		const { stdout } = await call("config print --port 8123");
		writeFileSync(file, stdout);
		const again = await call(`config print --config ${file}`);
		expect(Bun.TOML.parse(again.stdout)).toEqual(Bun.TOML.parse(stdout));
	});
});
