import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import packageFile from "../../package.json" with { type: "json" };
import { ROOT } from "./cruiser.ts";

const page = readFileSync(join(ROOT, "docs/dependencies.md"), "utf8");

/** Package and licence of each row of the table under a heading. */
function rowsUnder(heading: string): readonly (readonly [name: string, licence: string])[] {
	const chapter = page.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
	return [...chapter.matchAll(/^\| `([^`]+)` \| .+ \| ([^|]+) \|$/gm)].map(
		([, name = "", licence = ""]) => [name, licence],
	);
}

const chapters = [
	["Runtime", packageFile.dependencies],
	["Optional", packageFile.optionalDependencies],
	["Development", packageFile.devDependencies],
] as const;

for (const [heading, packages] of chapters) {
	test(`docs/dependencies.md lists exactly the packages: ${heading}`, () => {
		const listed = rowsUnder(heading).map(([name]) => name);
		expect(listed.sort()).toEqual(Object.keys(packages).sort());
	});

	test(`docs/dependencies.md says their licences: ${heading}`, () => {
		const installed = rowsUnder(heading).filter(([name]) => existsSync(manifestOf(name)));
		expect(installed.length).toBeGreaterThan(0);
		for (const [name, licence] of installed) {
			const { license } = JSON.parse(readFileSync(manifestOf(name), "utf8"));
			expect([name, licence]).toEqual([name, license]);
		}
	});
}

function manifestOf(name: string): string {
	return join(ROOT, "node_modules", name, "package.json");
}
