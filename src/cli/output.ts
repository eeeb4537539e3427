import { createLog, type Log } from "../telemetry/log.ts";
import { createScreen, type Screen } from "./screen.ts";

/** How `start` speaks: text for people, with warnings between; or a log alone. */
export interface Output {
	/** Undefined where the log says everything. */
	readonly screen: Screen | undefined;
	readonly log: Log;
	/** Something happened that a person waiting wants to know. */
	report(line: string): void;
}

export interface OutputOptions {
	readonly text: boolean;
	readonly level: string;
	readonly roles: readonly string[];
}

/** Text and log go through one door, so that neither tears the other. */
export function createOutput({ text, level, roles }: OutputOptions): Output {
	const fields = { roles };
	if (!text) {
		const log = createLog({ level, pretty: false, fields });
		return { screen: undefined, log, report: (line) => log.info(line) };
	}
	// That nobody reads any more is no reason to stop taking orders.
	process.stdout.on("error", () => {});
	const screen = createScreen(process.stdout);
	const log = createLog({
		level,
		pretty: screen.live,
		...(screen.live ? {} : { fields }),
		destination: { write: screen.print },
	});
	return { screen, log, report: screen.print };
}
