import {
	chmodSync,
	copyFileSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	renameSync,
	rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { EmbeddedError } from "./error.ts";
import { fromApt } from "./nats-apt.ts";
import { fromRelease } from "./nats-release.ts";
import type { NatsSource } from "./nats-source.ts";
import { isNewEnough, NATS_VERSION_MIN, natsServerVersion } from "./nats-version.ts";

/** Where packages put it although it is often not on a user's PATH. */
const USUAL_FOLDERS = ["/usr/local/bin", "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"];

const WAY_OUT =
	"Install one (brew install nats-server, or your system's package if it is new enough), " +
	"name one in NATS_SERVER_BIN, or set NATS_URL to a running one (docker compose up nats).";

export interface NatsBinaryOptions {
	/** What NATS_SERVER_BIN says. Then no other is looked for. */
	binary?: string | undefined;
	/** The search path, as in PATH. */
	path: string;
	/** Keeps what had to be downloaded: `millrace` in XDG_CACHE_HOME or in `~/.cache`. */
	cache_folder: string;
	report: (line: string) => void;
	/** Tried in this order when there is none here. */
	sources?: readonly NatsSource[] | undefined;
	/** Also looked into, after `path`. */
	usual_folders?: readonly string[] | undefined;
}

/**
 * The path of a nats-server of at least 2.12: the one named, else the first that is new enough on
 * the search path, else the one downloaded before, else one downloaded now.
 *
 * @throws EmbeddedError with the ways to get one.
 */
export async function findNatsServer(options: NatsBinaryOptions): Promise<string> {
	if (options.binary !== undefined) return await named(options.binary);
	const kept = join(options.cache_folder, "nats-server");
	for (const candidate of [...onPath(options), kept]) {
		if (await fits(candidate, options.report)) return candidate;
	}
	await obtain(options, kept);
	return kept;
}

async function named(binary: string): Promise<string> {
	const version = await natsServerVersion(binary);
	if (version !== undefined && isNewEnough(version)) return binary;
	const fault =
		version === undefined
			? "is not a nats-server that runs here"
			: `is nats-server ${version}, older than ${NATS_VERSION_MIN}`;
	throw new EmbeddedError(`NATS_SERVER_BIN: ${binary} ${fault}`, { way_out: WAY_OUT });
}

function onPath({ path, usual_folders = USUAL_FOLDERS }: NatsBinaryOptions): string[] {
	const folders = new Set([...path.split(":").filter(isAbsolute), ...usual_folders]);
	return [...folders].map((folder) => join(folder, "nats-server"));
}

async function fits(candidate: string, report: (line: string) => void): Promise<boolean> {
	if (!existsSync(candidate)) return false;
	const version = await natsServerVersion(candidate);
	if (version !== undefined && isNewEnough(version)) return true;
	report(
		`passing over ${candidate}: ${version ?? "it does not run"}, and ${NATS_VERSION_MIN} or newer is needed`,
	);
	return false;
}

async function obtain(
	{ sources = [fromRelease(), fromApt], report }: NatsBinaryOptions,
	kept: string,
): Promise<void> {
	report(`there is no nats-server ${NATS_VERSION_MIN} or newer here; getting one, this once`);
	const failures: Error[] = [];
	for (const source of sources) {
		try {
			await keep(source, kept, report);
			return;
		} catch (error) {
			failures.push(error as Error);
			report((error as Error).message);
		}
	}
	throw new EmbeddedError(`There is no nats-server ${NATS_VERSION_MIN} or newer`, {
		way_out: WAY_OUT,
		cause: new AggregateError(failures, "every source failed"),
	});
}

async function keep(
	source: NatsSource,
	kept: string,
	report: (line: string) => void,
): Promise<void> {
	const work = mkdtempSync(join(tmpdir(), "millrace-nats-"));
	try {
		const binary = await source(work, report);
		if (!(await fits(binary, report)))
			throw new EmbeddedError(`what was downloaded is no nats-server ${NATS_VERSION_MIN}`);
		move(binary, kept);
		report(`nats-server ${await natsServerVersion(kept)} is kept in ${kept}`);
	} finally {
		rmSync(work, { recursive: true, force: true });
	}
}

/** Other processes may be doing the same, and running what is there: a rename disturbs none of them. */
function move(binary: string, kept: string): void {
	const draft = `${kept}.${process.pid}`;
	mkdirSync(join(kept, ".."), { recursive: true });
	copyFileSync(binary, draft);
	chmodSync(draft, 0o755);
	renameSync(draft, kept);
}
