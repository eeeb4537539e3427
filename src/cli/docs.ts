import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { generatedPages } from "./docs/pages.ts";
import { reportFailure } from "./failure.ts";
import { readFlags } from "./read-flags.ts";

const HELP = `Usage: bun run docs [--check]

Writes the pages that are made from code: docs/events.md, docs/asyncapi.json, docs/openapi.json, and
the table in docs/configuration.md.

  --check  writes nothing; fails when a page is not as the code wants it`;

/**
 * Writes the generated pages of the checkout at `root`, or says which are out of date.
 * @returns the exit code: 1 when `--check` found a page that drifted
 */
export async function docs(args: readonly string[], root: string): Promise<number> {
	const flag = { type: "boolean", default: false } as const;
	const values = readFlags(args, { check: flag, help: flag });
	if (values.help) {
		console.log(HELP);
		return 0;
	}
	const pages = await generatedPages(root);
	const drifted = pages
		.map(({ path, render }) => ({ path, current: read(root, path), render }))
		.map(({ path, current, render }) => ({ path, current, text: render(current) }))
		.filter(({ current, text }) => current !== text);
	if (values.check) return report(drifted.map(({ path }) => path));
	for (const { path, text } of drifted) write(root, path, text);
	console.log(drifted.length === 0 ? "Nothing to write." : `Wrote ${list(drifted)}.`);
	return 0;
}

function report(drifted: readonly string[]): number {
	if (drifted.length === 0) {
		console.log("The generated pages match the code.");
		return 0;
	}
	for (const path of drifted) console.error(`${path} does not match the code.`);
	console.error("Run `bun run docs` and commit what it writes.");
	return 1;
}

function list(pages: ReadonlyArray<{ readonly path: string }>): string {
	return pages.map(({ path }) => path).join(", ");
}

function read(root: string, path: string): string {
	try {
		return readFileSync(join(root, path), "utf8");
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
		throw error;
	}
}

function write(root: string, path: string, text: string): void {
	mkdirSync(dirname(join(root, path)), { recursive: true });
	writeFileSync(join(root, path), text);
}

if (import.meta.main) {
	process.exitCode = await docs(process.argv.slice(2), join(import.meta.dir, "../..")).catch(
		(error) => reportFailure(error, "See: bun run docs --help"),
	);
}
