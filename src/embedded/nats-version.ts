import { SERVER_ENV } from "./guard.ts";

/** Atomic batch publish came with 2.12; older servers take the same calls and do something else. */
export const NATS_VERSION_MIN = "2.12.0";

const ANSWER_MS_MAX = 5_000;

/** The version a nats-server binary prints, such as `2.15.1`; undefined when it is none or does not run. */
export async function natsServerVersion(binary: string): Promise<string | undefined> {
	try {
		const program = Bun.spawn([binary, "--version"], {
			env: SERVER_ENV,
			stdout: "pipe",
			stderr: "ignore",
			timeout: ANSWER_MS_MAX,
		});
		return /nats-server: v?(\d+\.\d+\.\d+\S*)/.exec(await new Response(program.stdout).text())?.[1];
	} catch {
		return undefined;
	}
}

export function isNewEnough(version: string): boolean {
	return Bun.semver.order(version, NATS_VERSION_MIN) >= 0;
}
