import { describe, expect, test } from "bun:test";
import { createLog, type LogOptions } from "./log.ts";

function capture(o: Partial<LogOptions> = {}) {
	const lines: string[] = [];
	const log = createLog({
		level: "info",
		pretty: false,
		destination: { write: (line) => void lines.push(line) },
		...o,
	});
	return { log, lines, entry: () => JSON.parse(lines.at(-1) ?? "null") };
}

describe("lines", () => {
	test("carry level, time, the common fields and their own", () => {
		const { log, entry } = capture({ fields: { service: "millrace" } });
		log.info({ order_id: "o-1" }, "confirmed");
		expect(entry()).toEqual({
			level: "info",
			time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
			service: "millrace",
			order_id: "o-1",
			msg: "confirmed",
		});
	});

	test("below the level are not written", () => {
		const { log, lines } = capture({ level: "warn" });
		log.info("quiet");
		log.warn("loud");
		expect(lines).toHaveLength(1);
	});

	test("tell an error with its cause", () => {
		const { log, entry } = capture();
		log.error({ err: new Error("outer", { cause: new Error("inner") }) }, "failed");
		expect(entry().err).toMatchObject({ type: "Error", message: "outer: inner" });
		expect(entry().err.stack).toContain("caused by: Error: inner");
	});

	test("an unknown level is refused", () => {
		expect(() => createLog({ level: "loud", pretty: false })).toThrow("loud");
	});
});

describe("pretty lines", () => {
	test("are text with the message and the fields, secrets hidden", () => {
		const { log, lines } = capture({ pretty: true });
		log.info({ order_id: "o-1", password: "hunter2" }, "confirmed");
		const text = Bun.stripANSI(lines.join(""));
		expect(text).toContain("INFO: confirmed");
		expect(text).toContain('order_id: "o-1"');
		expect(text).not.toContain("hunter2");
	});
});

describe("secrets", () => {
	const url = "postgres://millrace:hunter2@db:5432/millrace";

	test.each([
		["a field", { password: "hunter2" }],
		["a field with a quote in it", { password: 'x"hunter2' }],
		["a longer name", { payment_token: "hunter2" }],
		["another case", { NATS_PASSWORD: "hunter2" }],
		["at any depth", { a: { b: [{ c: { headers: { Authorization: "hunter2" } } }] } }],
		["a header pair", { headers: [["authorization", "Bearer hunter2hunter2hunter2"]] }],
		["a database url", { url }],
		["a url with an odd password", { url: "postgres://millrace:a/b@hunter2?@db/millrace" }],
		["a token in a url", { servers: ["nats://hunter2@a:4222,nats://hunter2@b:4222"] }],
		["a proxy url", { proxy: "https://millrace:hunter2@proxy.test/path" }],
		["an error's message", { err: new Error(`cannot reach ${url}`) }],
		["an error's cause", { err: new Error("down", { cause: new Error(url) }) }],
	])("are hidden in %s", (_, fields) => {
		const { log, lines, entry } = capture();
		log.info(fields, "try");
		expect(lines.join("")).not.toContain("hunter2");
		expect(lines.join("")).toContain("***");
		expect(entry().msg).toBe("try");
	});

	test("are hidden in the message and in a child's fields", () => {
		const { log, lines } = capture();
		log.child({ token: "hunter2" }).info(`trying ${url}`);
		expect(lines.join("")).not.toContain("hunter2");
		expect(lines.join("")).toContain("postgres://***@db:5432/millrace");
	});

	test.each([
		[{ token_count: "3", monkey: "see" }],
		[{ url: "http://127.0.0.1:8080/v1/orders?email=a@b.test" }],
		[{ reason: "Basic authentication is off" }],
		[{ secret: 42 }],
	])("nothing else is hidden: %p", (fields) => {
		const { log, entry } = capture();
		log.info(fields, "try");
		expect(entry()).toMatchObject(fields);
	});
});

test("the last line before an exit reaches standard output", async () => {
	const source = `
		import { createLog } from ${JSON.stringify(`${import.meta.dir}/log.ts`)};
		for (const pretty of [false, true]) createLog({ level: "info", pretty }).info("last words");
		process.exit(3);
	`;
	const child = Bun.spawn([process.execPath, "-e", source], { stdout: "pipe", stderr: "inherit" });
	expect(await new Response(child.stdout).text()).toMatch(/"last words"[\s\S]*INFO.*: last words/);
	expect(await child.exited).toBe(3);
});
