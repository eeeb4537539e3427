import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./temporary-folder.ts";

/** Sections and keys as in `config/default.toml`. */
export type Settings = Readonly<
	Record<string, Readonly<Record<string, string | number | boolean>>>
>;

/** Ports that are free, and waits short enough for a test. */
const fastSettings: Settings = {
	http: { port: 0, status_poll_ms: 20 },
	ops: { port: 0 },
	database: { connect_timeout_s: 1, statement_timeout_ms: 1_500 },
	nats: { ping_interval_ms: 500, request_timeout_ms: 1_000 },
	relay: { lease_ms: 1_500, sweep_interval_ms: 100 },
	consumer: {
		ack_wait_ms: 2_000,
		heartbeat_ms: 500,
		expires_ms: 1_000,
		retry_first_ms: 50,
		retry_last_ms: 400,
		pause_ms: 300,
		stall_ms: 3_000,
	},
	order: { deadline_ms: 60_000, deadline_interval_ms: 100 },
	payment: {
		gateway: "in-process",
		call_timeout_ms: 500,
		lease_ms: 1_000,
		straggler_ms: 200,
		retry_first_ms: 50,
		retry_last_ms: 400,
		resolve_interval_ms: 50,
		pause_ms: 200,
	},
	audit: { flush_ms: 20 },
};

/** Writes a config file: the fast settings with `settings` above them. */
export function settingsFile(settings: Settings = {}): string {
	const names = new Set([...Object.keys(fastSettings), ...Object.keys(settings)]);
	const sections = [...names].map((name) => {
		const values = Object.entries({ ...fastSettings[name], ...settings[name] });
		return [`[${name}]`, ...values.map(([key, value]) => `${key} = ${JSON.stringify(value)}`), ""];
	});
	const file = join(temporaryFolder("settings"), "settings.toml");
	writeFileSync(file, sections.flat().join("\n"));
	return file;
}
