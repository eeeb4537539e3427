import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where a running millrace and its servers answer, for other tools to join it. Holds a password. */
export interface Endpoints {
	database_url?: string;
	nats_url?: string;
	nats_monitoring_url?: string;
	gateway_url?: string;
	http_url?: string;
	ops_url?: string;
}

/** Adds to `endpoints.json` in the data folder. Readers see the old or the new file, never half of one. */
export function addEndpoints(data_folder: string, endpoints: Endpoints): void {
	const file = fileIn(data_folder);
	const draft = `${file}.${process.pid}`;
	const all = { ...readEndpoints(data_folder), ...endpoints };
	writeFileSync(draft, `${JSON.stringify(all, null, "\t")}\n`, { mode: 0o600 });
	renameSync(draft, file);
}

/** What the data folder's `endpoints.json` says; undefined when no millrace runs there or ended in order. */
export function readEndpoints(data_folder: string): Endpoints | undefined {
	try {
		return JSON.parse(readFileSync(fileIn(data_folder), "utf8"));
	} catch {
		return undefined;
	}
}

export function removeEndpoints(data_folder: string): void {
	rmSync(fileIn(data_folder), { force: true });
}

function fileIn(data_folder: string): string {
	return join(data_folder, "endpoints.json");
}
