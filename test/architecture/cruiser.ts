import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { Visitor } from "@swc/core/Visitor.js";
import type { ICruiseResult, IForbiddenRuleType, IModule, IViolation } from "dependency-cruiser";
import extractConfig from "dependency-cruiser/config-utl/extract-depcruise-config";

/** The checkout this file belongs to, absolute. */
export const ROOT = resolve(import.meta.dir, "../..");

/** Everything a cruise starts from; what a tree does not have is left out. */
const ENTRIES = ["src", "test", "bench", "migrations", "drizzle.config.ts"];

/** One import (or one file, for orphans) that a rule forbids. */
export interface Breach {
	readonly rule: string;
	readonly file: string;
	/** The import as written in the file; empty when the file as a whole is meant. */
	readonly specifier: string;
}

/** What the cruiser saw in a tree: its own source files, and what is wrong with them. */
export interface Cruise {
	readonly modules: readonly IModule[];
	readonly breaches: readonly Breach[];
}

/** All rules of `.dependency-cruiser.mjs`, with their names. */
export async function rules(): Promise<(IForbiddenRuleType & { name: string })[]> {
	const { forbidden = [] } = await extractConfig(join(ROOT, ".dependency-cruiser.mjs"));
	return forbidden.map((rule) => ({ ...rule, name: rule.name ?? "" }));
}

/** Cruises the tree at `root` (the checkout itself, or a fixture) against all rules. */
export async function cruiseTree(root: string): Promise<Cruise> {
	const cruise = await loadCruiser();
	const config = await extractConfig(join(ROOT, ".dependency-cruiser.mjs"));
	const entries = ENTRIES.filter((entry) => existsSync(join(root, entry)));
	const options = { ...config.options, ruleSet: config, validate: true, baseDir: root };
	const output = (await cruise(entries, options)).output as ICruiseResult;
	const own = output.modules.filter((module) => /^(src|test|bench)\/.*\.ts$/.test(module.source));
	return { modules: own, breaches: output.summary.violations.map(toBreach) };
}

// The cruiser reads `default` of this CommonJS file and expects to find the exports object there, as
// Node gives it. Bun gives the class itself, so that the class has to carry its own name.
async function loadCruiser() {
	Object.assign(Visitor, { Visitor });
	return (await import("dependency-cruiser")).cruise;
}

function toBreach({ rule, from, to, unresolvedTo }: IViolation): Breach {
	return { rule: rule.name, file: from, specifier: from === to ? "" : (unresolvedTo ?? to) };
}
