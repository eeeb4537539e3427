import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError, type Environment, readConfig } from "./config.ts";

const read = (environment: Environment = {}, overrides = {}) => readConfig(overrides, environment);

const folder = mkdtempSync(join(tmpdir(), "millrace-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
	const path = join(folder, "millrace.toml");
	writeFileSync(path, text);
	return path;
}

async function complaint(environment: Environment, overrides = {}): Promise<string> {
	const error = await read(environment, overrides).catch((error: unknown) => error);
	expect(error).toBeInstanceOf(ConfigError);
	return (error as ConfigError).message;
}

describe("what counts", () => {
	test("the flag above the variable, the variable above the file, the file above the default", async () => {
		const config = file('[http]\nport = 1001\nhost = "10.0.0.1"\n[ops]\nport = 1002');
		const found = await read({ PORT: "2001", OPS_PORT: "2002" }, { config, port: "3001" });
		expect(found.http).toMatchObject({ port: 3_001, host: "10.0.0.1", body_bytes_max: 65_536 });
		expect(found.ops.port).toBe(2_002);
	});

	test("a file named by the environment", async () => {
		expect((await read({ MILLRACE_CONFIG: file("[http]\nport = 7") })).http.port).toBe(7);
	});

	test("an empty variable is none", async () => {
		const empty = { PORT: "", DATABASE_URL: "", NATS_URL: "" };
		const found = await read(empty);
		expect(found.http.port).toBe(8_080);
		expect(found.database_urls).toBeUndefined();
		expect(found.nats_url).toBeUndefined();
	});

	test("production is inside", async () => {
		const found = await read({}, { config: "production" });
		expect([found.http.host, found.nats.replicas]).toEqual(["0.0.0.0", 3]);
	});

	test("the log lies in the data folder unless it is said where", async () => {
		expect((await read({}, { data_folder: "data" })).audit.store).toBe("data/audit");
		expect((await read({ AUDIT_STORE: "elsewhere" })).audit.store).toBe("elsewhere");
	});

	test("one database for all, or one for each", async () => {
		const all = await read({ DATABASE_URL: "postgres://a/b" });
		expect(new Set(Object.values(all.database_urls ?? {}))).toEqual(new Set(["postgres://a/b"]));
		const own = await read({
			DATABASE_URL: "postgres://a/b",
			DATABASE_URL_AUDIT: "postgres://a/log",
		});
		expect(own.database_urls?.audit).toBe("postgres://a/log");
		expect(own.database_urls?.order).toBe("postgres://a/b");
	});
});

describe("what is wrong is named", () => {
	test.each([
		["[http]\nport = 70000", "http.port"],
		['[http]\nport = "80"', "http.port"],
		["[http]\nprt = 80", "prt"],
		["[htp]\nport = 80", "htp"],
		["[nats]\nreplicas = 2", "nats.replicas"],
		["[relay]\nlease_ms = 0", "relay.lease_ms"],
		["[consumer]\nattempts_max = 1.5", "consumer.attempts_max"],
		['[contracts]\nlegacy_currency = "eur"', "contracts.legacy_currency"],
		['[log]\nlevel = "loud"', "log.level"],
	])("in a file: %j", async (text, name) => {
		expect(await complaint({}, { config: file(text) })).toContain(name);
	});

	test("all at once", async () => {
		const config = file("[http]\nport = -1\n[ops]\nport = -1");
		const message = await complaint({}, { config });
		expect(message).toContain("http.port");
		expect(message).toContain("ops.port");
	});

	test.each([
		[{ PORT: "http" }, "http.port"],
		[{ NATS_REPLICAS: "4" }, "nats.replicas"],
		[{ PUBLISH_LEGACY: "yes" }, "contracts.publish_legacy"],
		[{ ORDER_DEADLINE_MS: "-5" }, "order.deadline_ms"],
	])("in the environment: %j", async (environment, name) => {
		expect(await complaint(environment as Environment)).toContain(name);
	});

	test("a file that is not there, or is not TOML", async () => {
		expect(await complaint({}, { config: "missing.toml" })).toContain("missing.toml");
		expect(await complaint({}, { config: file("[http") })).toContain("millrace.toml");
	});
});
