import { type Overrides, readConfig } from "../config.ts";
import type { FlagValues } from "./flags.ts";

/** The configuration with what the command line says above everything else. */
export function readSettings(values: FlagValues, more: Overrides = {}) {
	return readConfig({
		config: values.config,
		data_folder: values["data-dir"],
		port: values.port,
		ops_port: values["ops-port"],
		...more,
	});
}
