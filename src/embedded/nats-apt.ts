import {
	chmodSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import {
	type AptArchive,
	type AptSource,
	chooseArchive,
	parseDeb822,
	parseSourcesList,
} from "./apt-sources.ts";
import { EmbeddedError } from "./error.ts";
import { SERVER_ENV } from "./guard.ts";
import { isNewEnough, NATS_VERSION_MIN } from "./nats-version.ts";

const APT_FOLDER = "/etc/apt";
const COMMAND_MS_MAX = 180_000;

/**
 * Takes nats-server from a newer suite of the archive that this machine's apt already trusts. The
 * lists, cache and configuration are private to `into`: the system's own apt sees nothing of it,
 * and nothing is installed.
 */
export async function fromApt(into: string, report: (line: string) => void): Promise<string> {
	const archive = chooseArchive(readSources(APT_FOLDER));
	if (archive === undefined || !hasApt()) {
		throw new EmbeddedError("this system has no apt with a Debian archive to ask");
	}
	// apt fetches as a user of its own, which has to reach its folders.
	chmodSync(into, 0o755);
	for (const suite of archive.suites) {
		report(`asking the system's package archive, suite ${suite} (up to 10 MB)`);
		const binary = await fromSuite(archive, suite, join(into, suite));
		if (binary !== undefined) return binary;
	}
	throw new EmbeddedError(
		`the system's package archive has no nats-server ${NATS_VERSION_MIN} (asked: ${archive.suites.join(", ")})`,
	);
}

function hasApt(): boolean {
	return ["apt-get", "apt-cache", "dpkg-deb"].every(
		(name) => Bun.which(name, { PATH: SERVER_ENV.PATH }) !== null,
	);
}

/** All archives that apt is told of, its own files first. */
function readSources(folder: string): AptSource[] {
	const parts = join(folder, "sources.list.d");
	const files = [
		join(folder, "sources.list"),
		...(existsSync(parts) ? readdirSync(parts).map((name) => join(parts, name)) : []),
	];
	return files.flatMap((file) => {
		if (file.endsWith(".list") && existsSync(file))
			return parseSourcesList(readFileSync(file, "utf8"));
		return file.endsWith(".sources") ? parseDeb822(readFileSync(file, "utf8")) : [];
	});
}

async function fromSuite(
	archive: AptArchive,
	suite: string,
	work: string,
): Promise<string | undefined> {
	const config = privateApt(archive, suite, work);
	// A suite that does not exist (any more) is no fault; the next one is asked.
	if (!(await run(["apt-get", "-q", "-c", config, "update"], work)).ok) return undefined;
	const offered = await run(["apt-cache", "-c", config, "madison", "nats-server"], work);
	const version = /\|\s*(?:\d+:)?(\d+\.\d+\.\d+)/.exec(offered.output)?.[1];
	if (version === undefined || !isNewEnough(version)) return undefined;
	return await download(config, work);
}

async function download(config: string, work: string): Promise<string> {
	const fetched = await run(["apt-get", "-q", "-c", config, "download", "nats-server"], work);
	const archive = readdirSync(work).find((name) => name.endsWith(".deb"));
	if (archive === undefined)
		throw new EmbeddedError(`the package nats-server cannot be fetched: ${fetched.output}`);
	await run(["dpkg-deb", "-x", join(work, archive), join(work, "package")], work);
	const binary = ["usr/sbin", "usr/bin"]
		.map((folder) => join(work, "package", folder, "nats-server"))
		.find(existsSync);
	if (binary === undefined) throw new EmbeddedError("the package nats-server holds no nats-server");
	return binary;
}

/** Writes a configuration that is read after the machine's own, whose proxy stays in force. */
function privateApt(
	{ uris, component, signed_by }: AptArchive,
	suite: string,
	work: string,
): string {
	for (const folder of ["lists/partial", "cache/archives/partial"])
		mkdirSync(join(work, folder), { recursive: true });
	const [config, sources, status] = ["apt.conf", "millrace.sources", "status"].map((name) =>
		join(work, name),
	) as [string, string, string];
	const stanza = {
		Types: "deb",
		URIs: uris.join(" "),
		Suites: suite,
		Components: component,
		Targets: "Packages",
	};
	const lines = Object.entries({
		...stanza,
		...(signed_by !== undefined && { "Signed-By": signed_by }),
	});
	writeFileSync(status, "");
	writeFileSync(sources, `${lines.map(([name, value]) => `${name}: ${value}`).join("\n")}\n`);
	writeFileSync(config, configText({ work, sources, status }));
	return config;
}

function configText({
	work,
	sources,
	status,
}: {
	work: string;
	sources: string;
	status: string;
}): string {
	const set = {
		"Dir::Etc::SourceList": sources,
		"Dir::Etc::SourceParts": "/dev/null",
		"Dir::Etc::Preferences": "/dev/null",
		"Dir::Etc::PreferencesParts": "/dev/null",
		"Dir::State": work,
		"Dir::State::Lists": join(work, "lists"),
		"Dir::State::status": status,
		"Dir::Cache": join(work, "cache"),
		"Dir::Log": work,
		"Acquire::http::Timeout": "10",
		"Acquire::https::Timeout": "10",
	};
	// Hooks of the machine's configuration act on the system's own state.
	const hooks = [
		"APT::Update::Pre-Invoke",
		"APT::Update::Post-Invoke",
		"APT::Update::Post-Invoke-Success",
	];
	return [
		...Object.entries(set).map(([name, value]) => `${name} ${JSON.stringify(value)};`),
		...hooks.map((hook) => `#clear ${hook};`),
		"",
	].join("\n");
}

/** The environment is passed on whole: apt finds a proxy there. */
async function run(command: string[], cwd: string): Promise<{ ok: boolean; output: string }> {
	const program = Bun.spawn(["env", "LC_ALL=C", ...command], {
		cwd,
		stdout: "pipe",
		stderr: "pipe",
		timeout: COMMAND_MS_MAX,
	});
	const output = await Promise.all([program.stdout.text(), program.stderr.text()]);
	return { ok: (await program.exited) === 0, output: output.join("").trim() };
}
