import { join, resolve } from "node:path";
import { surroundings } from "./process.ts";

const MAIN = join(resolve(import.meta.dir, "../.."), "src/main.ts");

export interface CommandEnd {
	readonly code: number;
	readonly stdout: string;
	readonly stderr: string;
}

/**
 * Runs one command of millrace to its end.
 * @param where its folder, the tests' own unless told, and what its environment has besides the needful
 */
export async function runMillrace(
	words: readonly string[],
	where: { readonly cwd?: string; readonly environment?: Record<string, string> } = {},
): Promise<CommandEnd> {
	const child = Bun.spawn([process.execPath, MAIN, ...words], {
		...(where.cwd && { cwd: where.cwd }),
		env: { ...surroundings(), ...where.environment },
		stdin: "ignore",
		stdout: "pipe",
		stderr: "pipe",
	});
	const [stdout, stderr, code] = await Promise.all([
		child.stdout.text(),
		child.stderr.text(),
		child.exited,
	]);
	return { code, stdout, stderr };
}
