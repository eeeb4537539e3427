import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Breach, cruiseTree, ROOT, rules } from "./cruiser.ts";

const FIXTURES = join(import.meta.dir, "fixtures");
const MARK = "// breaks";

/** A cruise that sees fewer files of src than this has lost its parser, not found a clean tree. */
const SRC_MODULES_MIN = 40;

/** Entries of src that may import across layers: they wire, or they start the program. */
const ABOVE_THE_LAYERS = ["app.ts", "main.ts", "cli"];

const everyRule = await rules();
const real = await cruiseTree(ROOT);

describe("the fences", () => {
	test("have one broken tree for each rule and no other", () => {
		expect(readdirSync(FIXTURES).sort()).toEqual(everyRule.map((rule) => rule.name).sort());
	});

	test("say what breaking them means and the way out", () => {
		for (const rule of everyRule) expect(rule.comment).toMatch(/^.{30,} Way out: .{20,}$/);
	});

	for (const { name } of everyRule) {
		test(`${name} reports the marked imports of its broken tree, and nothing else fires`, async () => {
			const root = join(FIXTURES, name);
			const marked = markedBreaches(name, root);
			expect(marked).not.toBeEmpty();
			const { breaches } = await cruiseTree(root);
			expect(breaches.map(describeBreach).sort()).toEqual(marked.map(describeBreach).sort());
		});
	}
});

describe("the source tree", () => {
	const inSrc = real.modules.filter((module) => module.source.startsWith("src/"));

	test("is seen by the cruiser, every file of it", () => {
		const files = [...new Bun.Glob("src/**/*.ts").scanSync(ROOT)].sort();
		expect(inSrc.map((module) => module.source).sort()).toEqual(files);
		expect(inSrc.length).toBeGreaterThan(SRC_MODULES_MIN);
	});

	test("stays inside the fences", () => {
		const comments = new Map(everyRule.map((rule) => [rule.name, rule.comment]));
		const breaches = real.breaches.map((b) => `${describeBreach(b)}. ${comments.get(b.rule)}`);
		expect(breaches).toEqual([]);
	});

	test("has no import that the cruiser overlooks", () => {
		for (const { source, dependencies } of inSrc) {
			const seen = new Set(dependencies.map((dependency) => dependency.module));
			const missed = writtenImports(join(ROOT, source)).filter((module) => !seen.has(module));
			expect({ source, missed }).toEqual({ source, missed: [] });
		}
	});

	test("has in every module a door and a rules file, named as the fences expect", () => {
		const modules = readdirSync(join(ROOT, "src/modules"));
		const wanted = modules.flatMap((name) => [`${name}/module.ts`, `${name}/${name}.ts`]);
		const missing = wanted.filter((path) => !existsSync(join(ROOT, "src/modules", path)));
		expect(missing).toEqual([]);
	});

	test("has a layer rule for every entry of src", () => {
		const layers = everyRule.filter((rule) => rule.name.startsWith("layer-"));
		const sources = layers.map((rule) => new RegExp(String(rule.from.path)));
		const unfenced = inSrc
			.map((module) => module.source)
			.filter((source) => {
				const entry = source.split("/")[1] ?? "";
				if (ABOVE_THE_LAYERS.includes(entry) || /\.(d|test)\.ts$/.test(entry)) return false;
				return !sources.some((pattern) => pattern.test(source));
			});
		expect(unfenced).toEqual([]);
	});
});

function describeBreach({ rule, file, specifier }: Breach): string {
	return specifier ? `${rule}: ${file} imports ${specifier}` : `${rule}: ${file}`;
}

function markedBreaches(rule: string, root: string): Breach[] {
	return [...new Bun.Glob("**/*.ts").scanSync(root)].flatMap((file) =>
		readFileSync(join(root, file), "utf8")
			.split("\n")
			.filter((line) => line.includes(MARK))
			.map((line) => ({ rule, file, specifier: withoutProtocol(/"(.+)"/.exec(line)?.[1] ?? "") })),
	);
}

function writtenImports(path: string): string[] {
	const text = readFileSync(path, "utf8");
	const pattern = /(?:^\s*(?:import|export|\})[^"'`;]*?\bfrom|^import|\bimport\()\s*"([^"]+)"/gm;
	return [...text.matchAll(pattern)].map((match) => withoutProtocol(match[1] ?? ""));
}

function withoutProtocol(specifier: string): string {
	return specifier.replace(/^node:/, "");
}
