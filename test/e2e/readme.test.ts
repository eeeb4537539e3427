import { expect, test } from "bun:test";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { processesNaming } from "../support/processes.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { ended, ROOT, run } from "./program.ts";

const INSTALL_MS_MAX = 120_000;
const STOP_MS_MAX = 10_000;

const [up = "", check = ""] = commands(readFileSync(join(ROOT, "README.md"), "utf8"));

/** What the fenced shell blocks say, those of one line that call npx. */
function commands(page: string): string[] {
	return [...page.matchAll(/^```sh\n(npx .+)\n```$/gm)].map(([, line = ""]) => line);
}

/** A copy of what is in the repository, or about to be. */
function copyOfTree(): string {
	const folder = temporaryFolder("readme");
	const list = Bun.spawnSync(
		["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
		{ cwd: ROOT },
	);
	for (const path of list.stdout.toString().split("\0").filter(Boolean)) {
		cpSync(join(ROOT, path), join(folder, path));
	}
	return folder;
}

/** The environment as it is, without what would lead millrace elsewhere. */
function surroundings(): Record<string, string | undefined> {
	const ours = /^(DATABASE_URL.*|NATS_URL|MILLRACE_.*|LOG_LEVEL|(OPS_)?(HOST|PORT)|OTEL_.*)$/;
	const kept = Object.entries(process.env).filter(([name]) => !ours.test(name));
	return { ...Object.fromEntries(kept), PORT: "0", OPS_PORT: "0" };
}

test("README.md begins with one command that runs it and one that checks it", () => {
	expect([up, check]).toEqual(["npx --yes bun@1.4.5 run up", "npx --yes bun@1.4.5 run check"]);
});

test(
	"the first runs it: orders are confirmed, the printed line places one, Ctrl-C leaves nothing",
	async () => {
		const folder = copyOfTree();
		const program = run(["sh", "-c", up], { cwd: folder, env: surroundings(), group: true });
		await program.says(/order .+ → confirmed/, INSTALL_MS_MAX);
		const [, line = ""] = await program.says(/^ {2}(curl .+)$/m);
		const pasted = await ended(run(["sh", "-c", line]));
		expect(pasted.stdout).toContain("202 Accepted");
		const stopped_ms = performance.now();
		program.kill("SIGTERM");
		await program.exited;
		expect(performance.now() - stopped_ms).toBeLessThan(STOP_MS_MAX);
		expect(processesNaming(folder)).toEqual([]);
	},
	INSTALL_MS_MAX + 60_000,
);

test("the second is what a new machine runs", async () => {
	const { scripts } = await Bun.file(join(ROOT, "package.json")).json();
	expect(scripts).toContainKeys(["up", "check"]);
	expect(readFileSync(join(ROOT, ".ci/run"), "utf8")).toContain(`\n${check} `);
});
