import { parseArgs } from "node:util";
import packageFile from "../../package.json" with { type: "json" };
import { createApp } from "../app.ts";
import { readConfig } from "../config.ts";
import { addEndpoints } from "../embedded/endpoints.ts";
import { createLog } from "../telemetry/log.ts";
import { findInfrastructure } from "./infrastructure.ts";
import { parseRoles } from "./roles.ts";

/** Runs millrace until it is told to stop. */
export async function start(args: string[]): Promise<number> {
	const { values } = parseArgs({
		args,
		options: {
			roles: { type: "string" },
			config: { type: "string" },
			"data-dir": { type: "string" },
			port: { type: "string" },
			"ops-port": { type: "string" },
			demo: { type: "boolean" },
		},
	});
	const roles = parseRoles(values.roles);
	const config = await readConfig({
		config: values.config,
		data_folder: values["data-dir"],
		port: values.port,
		ops_port: values["ops-port"],
	});
	const log = createLog({
		level: config.log.level,
		pretty: process.stdout.isTTY === true,
		fields: { roles },
	});
	const { embedded, ...servers } = await findInfrastructure(config, (line) => log.info(line));
	const app = createApp({ config, roles, ...servers, version: packageFile.version, log });
	await app.start();
	log.info({ http: app.http_url, ops: app.ops_url }, "started");
	if (embedded)
		addEndpoints(config.data_folder, { http_url: app.http_url, ops_url: app.ops_url } as never);
	await new Promise<void>((resolve) => {
		process.once("SIGTERM", resolve);
		process.once("SIGINT", resolve);
	});
	app.drain();
	await app.stop();
	await embedded?.stop();
	return 0;
}
