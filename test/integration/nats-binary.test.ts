import { beforeEach, expect, onTestFinished, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { findNatsServer, type NatsBinaryOptions } from "../../src/embedded/nats-binary.ts";
import { fromRelease } from "../../src/embedded/nats-release.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

let folder = "";
let lines: string[] = [];

beforeEach(() => {
	folder = temporaryFolder("binary");
	lines = [];
});

/** A program that answers as nats-server of that version would. */
function fake(name: string, answer: string): string {
	const file = join(folder, name);
	mkdirSync(dirname(file), { recursive: true });
	writeFileSync(file, `#!/bin/sh\necho "${answer}"\n`, { mode: 0o755 });
	return file;
}

function find(more: Partial<NatsBinaryOptions> = {}): Promise<string> {
	return findNatsServer({
		path: `${folder}/a:relative:${folder}/b`,
		usual_folders: [`${folder}/usual`],
		cache_folder: `${folder}/cache`,
		sources: [],
		report: (line) => lines.push(line),
		...more,
	});
}

test("the one named comes before all others, and no other is taken in its place", async () => {
	const named = fake("named", "nats-server: v2.12.0");
	fake("a/nats-server", "nats-server: v2.15.1");
	expect(await find({ binary: named })).toBe(named);
	const old = fake("old", "nats-server: v2.11.9");
	await expect(find({ binary: old })).rejects.toThrow(/NATS_SERVER_BIN.*2\.11\.9, older than/);
	const other = fake("other", "hello");
	await expect(find({ binary: other })).rejects.toThrow(/is not a nats-server that runs here/);
	await expect(find({ binary: join(folder, "none") })).rejects.toThrow(/does? not|is not/);
});

test("the search path comes next, then the usual folders, then the cache", async () => {
	const [a, b, usual, cache] = ["a", "b", "usual", "cache"].map((name) => `${name}/nats-server`);
	for (const name of [cache, usual, b, a]) {
		const file = fake(name ?? "", "nats-server: v2.14.0");
		expect(await find()).toBe(file);
	}
	expect(lines).toEqual([]);
});

test("one that is too old or broken is passed over, and that is said", async () => {
	const old = fake("a/nats-server", "nats-server: v2.9.10");
	const broken = fake("b/nats-server", "Segmentation fault");
	const kept = fake("cache/nats-server", "nats-server: v2.15.1");
	expect(await find()).toBe(kept);
	expect(lines).toEqual([
		expect.stringContaining(`${old}: 2.9.10`),
		expect.stringContaining(`${broken}: it does not run`),
	]);
});

test("one that is obtained is kept for the next time", async () => {
	const source = async (into: string) => {
		writeFileSync(join(into, "x"), "#!/bin/sh\necho nats-server: v2.13.0\n", { mode: 0o755 });
		return join(into, "x");
	};
	const kept = join(folder, "cache", "nats-server");
	expect(await find({ sources: [refuses("closed"), source] })).toBe(kept);
	expect(lines.join("\n")).toContain("closed");
	expect(await find({ sources: [refuses("asked again")] })).toBe(kept);
	expect(readdirSync(join(folder, "cache"))).toEqual(["nats-server"]);
});

test("without any, the refusal says what to do", async () => {
	const refusal = find({ sources: [refuses("closed"), refuses("no apt")] });
	await expect(refusal).rejects.toThrow(/brew install .*NATS_SERVER_BIN.*NATS_URL.*docker/);
	await expect(find({ sources: [async () => fake("o", "nats-server: v2.9.1")] })).rejects.toThrow();
	expect(existsSync(join(folder, "cache"))).toBe(false);
});

test("a release is taken only when it is what its sums say", async () => {
	const { name, archive } = await releaseArchive();
	const sum = new Bun.CryptoHasher("sha256").update(archive).digest("hex");
	let sums = `${sum}  ${name}\n`;
	const server = Bun.serve({
		port: 0,
		fetch: ({ url }) => (url.endsWith("/SHA256SUMS") ? new Response(sums) : new Response(archive)),
	});
	onTestFinished(() => server.stop(true));
	const sources = [fromRelease(server.url.origin)];
	expect(await find({ sources })).toBe(join(folder, "cache", "nats-server"));
	sums = `${"0".repeat(64)}  ${name}\n`;
	const cache_folder = join(folder, "other");
	await expect(find({ sources, cache_folder })).rejects.toThrow();
	expect(lines.join("\n")).toContain("is not what its SHA256SUMS says");
	sums = "";
	await expect(find({ sources, cache_folder })).rejects.toThrow();
	expect(lines.join("\n")).toContain(`has no ${name}`);
});

function refuses(reason: string) {
	return () => Promise.reject(new Error(reason));
}

async function releaseArchive() {
	const machine = process.arch === "x64" ? "amd64" : process.arch;
	const top = `nats-server-v2.15.1-${process.platform}-${machine}`;
	fake(`release/${top}/nats-server`, "nats-server: v2.15.1");
	const tar = Bun.spawn(["tar", "-czf", "-", "-C", join(folder, "release"), top]);
	return { name: `${top}.tar.gz`, archive: await tar.stdout.bytes() };
}
