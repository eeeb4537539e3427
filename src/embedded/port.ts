import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { EmbeddedError } from "./error.ts";

const START_ATTEMPTS_MAX = 3;
/** As the servers that we start say it. */
const TAKEN = /address already in use|Port \d+ is taken/i;

/**
 * Ports on 127.0.0.1 that are free now: the ones remembered in `file` where they still are, others
 * where not. What was chosen is remembered, so that addresses last from one start to the next.
 */
export function keptPorts(file: string, count: number): number[] {
	const remembered = existsSync(file)
		? readFileSync(file, "utf8").trim().split(/\s+/).map(Number)
		: [];
	const probes = Array.from({ length: count }, (_, at) => hold(remembered[at]));
	const ports = probes.map((probe) => probe.port);
	for (const probe of probes) probe.stop(true);
	writeFileSync(file, `${ports.join(" ")}\n`);
	return ports;
}

function hold(preferred: number | undefined): Bun.TCPSocketListener<undefined> {
	const listen = (port: number) =>
		Bun.listen({ hostname: "127.0.0.1", port, exclusive: true, socket: { data() {} } });
	try {
		return listen(preferred ?? 0);
	} catch {
		return listen(0);
	}
}

/** Runs a start again when another program took its port between our look and the server's bind. */
export async function withFreePort<T>(start: () => Promise<T>): Promise<T> {
	for (let attempt = 1; ; attempt++) {
		try {
			return await start();
		} catch (error) {
			const taken = error instanceof EmbeddedError && TAKEN.test(error.message);
			if (!taken || attempt === START_ATTEMPTS_MAX) throw error;
		}
	}
}
