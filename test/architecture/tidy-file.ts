import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A file of the repository; `path` is relative to its root, with forward slashes. */
export interface TidyFile {
	readonly path: string;
	readonly text: string;
}

/** What is wrong and where; `line` counts from 1, and is 0 when the file as a whole is meant. */
export interface Finding {
	readonly path: string;
	readonly line: number;
	readonly message: string;
}

/** Reads one file and says what is untidy in it; never touches anything else. */
export type Check = (file: TidyFile) => Finding[];

/** Trees that are broken on purpose. */
const FIXTURES = "test/architecture/fixtures/";

/** Every text file that is committed or about to be: tracked, or new and not ignored. */
export function repositoryFiles(root: string): TidyFile[] {
	const list = Bun.spawnSync(
		["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
		{ cwd: root },
	);
	if (!list.success) throw new Error(`git ls-files failed: ${list.stderr}`);
	const paths = list.stdout.toString().split("\0").filter(Boolean);
	return paths
		.filter((path) => !path.startsWith(FIXTURES) && existsSync(join(root, path)))
		.map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }))
		.filter((file) => !file.text.includes("\0"));
}
