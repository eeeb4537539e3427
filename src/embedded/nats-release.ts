import { join } from "node:path";
import { EmbeddedError } from "./error.ts";
import { SERVER_ENV } from "./guard.ts";
import type { NatsSource } from "./nats-source.ts";

const VERSION = "2.15.1";
const RELEASE_URL = `https://github.com/nats-io/nats-server/releases/download/v${VERSION}`;

/** Short, so that a closed network costs little. */
const SUMS_MS_MAX = 4_000;
const ARCHIVE_MS_MAX = 120_000;

const ARCHITECTURES: Record<string, string> = { x64: "amd64", arm64: "arm64" };

/** Takes nats-server from the project's own release, checked against the release's SHA256SUMS. */
export function fromRelease(release_url = RELEASE_URL): NatsSource {
	return async (into, report) => {
		report(`asking the project's release ${VERSION}`);
		const folder = `nats-server-v${VERSION}-${process.platform}-${ARCHITECTURES[process.arch] ?? process.arch}`;
		const expected = sumOf(
			`${folder}.tar.gz`,
			await (await get(`${release_url}/SHA256SUMS`, SUMS_MS_MAX)).text(),
		);
		const archive = await (await get(`${release_url}/${folder}.tar.gz`, ARCHIVE_MS_MAX)).bytes();
		if (new Bun.CryptoHasher("sha256").update(archive).digest("hex") !== expected) {
			throw new EmbeddedError(`the release's ${folder}.tar.gz is not what its SHA256SUMS says`);
		}
		await unpack(archive, into);
		return join(into, folder, "nats-server");
	};
}

async function get(url: string, timeout_ms: number): Promise<Response> {
	try {
		const response = await fetch(url, { signal: AbortSignal.timeout(timeout_ms) });
		if (response.ok) return response;
		throw new Error(`status ${response.status}`);
	} catch (cause) {
		throw new EmbeddedError(
			`the project's release cannot be reached (${(cause as Error).message})`,
			{ cause },
		);
	}
}

/** Finds a file's sum in lines of `sum  name`. */
function sumOf(name: string, sums: string): string {
	for (const line of sums.split("\n")) {
		const [sum, file] = line.trim().split(/\s+\*?/);
		if (file === name && sum) return sum;
	}
	throw new EmbeddedError(`the project's release has no ${name}`);
}

async function unpack(archive: Uint8Array, into: string): Promise<void> {
	const tar = Bun.spawn(["tar", "-xzf", "-", "-C", into], {
		env: SERVER_ENV,
		stdin: archive,
		stderr: "pipe",
	});
	const complaint = await tar.stderr.text();
	if ((await tar.exited) !== 0)
		throw new EmbeddedError(`the release cannot be unpacked: ${complaint.trim()}`);
}
