import { describe, expect, test } from "bun:test";
import { ROOT } from "./cruiser.ts";
import * as code from "./tidy-code.ts";
import { repositoryFiles } from "./tidy-file.ts";
import { PLANTED } from "./tidy-planted.ts";
import * as text from "./tidy-text.ts";

/** Fewer files than this means that the list was not read, not that all is tidy. */
const FILES_MIN = 30;

const files = repositoryFiles(ROOT);

test("every check has its planted files", () => {
	const written = [...Object.keys(text), ...Object.keys(code)].sort();
	expect(Object.keys(PLANTED).sort()).toEqual(written);
});

test("the repository's files are read", () => {
	expect(files.length).toBeGreaterThan(FILES_MIN);
});

for (const [name, { check, bad, good }] of Object.entries(PLANTED)) {
	describe(name, () => {
		test("finds every planted fault", () => {
			const missed = bad.filter(([path, text]) => check({ path, text }).length === 0);
			expect(missed).toEqual([]);
		});

		test("lets the right way through", () => {
			expect(good.flatMap(([path, text]) => check({ path, text }))).toEqual([]);
		});

		test("holds for every file", () => {
			const found = files.flatMap(check);
			expect(found.map((at) => `${at.path}:${at.line} ${at.message}`)).toEqual([]);
		});
	});
}

test("a finding names the line it stands on", () => {
	const file = { path: "src/http/server.ts", text: '// é\n\nserve();\nconsole.log("up");\n' };
	expect(code.consoleOnCommandLine(file).map((finding) => finding.line)).toEqual([4]);
});
