import { afterAll, afterEach, beforeAll, beforeEach, expect, mock, spyOn, test } from "bun:test";
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import schema from "@asyncapi/specs/schemas/3.0.0.json";
import Ajv from "ajv";
import { contracts } from "../contracts/events.ts";
import { docs } from "./docs.ts";

const ROOT = join(import.meta.dir, "../..");
/** A word of the made part of each page, and what it drifts to. */
const DRIFTS = [
	["events.md", "# Events", "# Incidents"],
	["asyncapi.json", '"3.0.0"', '"2.6.0"'],
	["openapi.json", "/v1/orders", "/v2/orders"],
	["configuration.md", "### [relay]", "### [canal]"],
] as const;

let root = "";
let said: string[] = [];

beforeAll(() => {
	root = mkdtempSync(join(tmpdir(), "millrace-docs-test-"));
});
beforeEach(() => {
	for (const folder of ["config", "docs"]) {
		cpSync(join(ROOT, folder), join(root, folder), { recursive: true });
	}
	said = [];
	const keep = (line: string) => void said.push(line);
	spyOn(console, "log").mockImplementation(keep);
	spyOn(console, "error").mockImplementation(keep);
});
afterEach(() => {
	mock.restore();
});
afterAll(() => {
	rmSync(root, { recursive: true });
});

const textOf = (page: string) => readFileSync(join(root, "docs", page), "utf8");

test("the committed pages match the code", async () => {
	expect(await docs(["--check"], ROOT)).toBe(0);
});

for (const [page, made, drifted] of DRIFTS) {
	test(`a change in ${page} is found, and undone by writing`, async () => {
		const right = textOf(page);
		const wrong = right.replace(made, drifted);
		expect(wrong).not.toBe(right);
		writeFileSync(join(root, "docs", page), wrong);

		expect(await docs(["--check"], root)).toBe(1);
		expect(said[0]).toBe(`docs/${page} does not match the code.`);
		expect(said.at(-1)).toContain("bun run docs");
		expect(said).toHaveLength(2);

		expect(await docs([], root)).toBe(0);
		expect(textOf(page)).toBe(right);
	});
}

test("a page that is not there is written", async () => {
	rmSync(join(root, "docs/events.md"));
	expect(await docs(["--check"], root)).toBe(1);
	expect(await docs([], root)).toBe(0);
	expect(textOf("events.md")).toContain("# Events");
});

test("what is written by hand around the settings stays", async () => {
	appendFileSync(join(root, "docs/configuration.md"), "By hand.\n");
	expect(await docs(["--check"], root)).toBe(0);
});

test("a setting without a comment is refused by name", async () => {
	appendFileSync(join(root, "config/default.toml"), "colour = 1\n");
	await expect(docs([], root)).rejects.toThrow(
		"log.colour is no setting; log.colour has no comment",
	);
});

test("the AsyncAPI document is one by its own schema", async () => {
	const ajv = new Ajv({
		strict: false,
		validateFormats: false,
		meta: false,
		validateSchema: false,
	});
	const validate = ajv.compile(schema);
	const document = JSON.parse(textOf("asyncapi.json"));
	expect([validate(document), validate.errors]).toEqual([true, null]);
	document.operations["order.send.orders.created.v2"].action = "shout";
	expect(validate(document)).toBe(false);
});

test("every example keeps the schema that is published with it", () => {
	const ajv = new Ajv({ strict: false, validateFormats: false });
	const { messages } = JSON.parse(textOf("asyncapi.json")).components;
	for (const subject of Object.keys(contracts)) {
		const { payload, examples } = messages[subject];
		expect([subject, ajv.validate(payload, examples[0].payload)]).toEqual([subject, true]);
		const wrong = { ...examples[0].payload, order_id: "a b", action_id: "a b", action: "none" };
		expect(ajv.validate(payload, wrong)).toBe(false);
	}
});
