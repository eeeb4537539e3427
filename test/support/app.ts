import { type App, createApp } from "../../src/app.ts";
import { type Config, type Environment, readConfig } from "../../src/config.ts";
import { type ModuleName, moduleNames } from "../../src/contracts/streams.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { type Client, createClient } from "./client.ts";
import type { PrivateServers } from "./servers.ts";
import { type Settings, settingsFile } from "./settings.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export interface TestAppOptions {
	/** Default: all. */
	readonly roles?: readonly ModuleName[];
	/** Above the fast settings. */
	readonly settings?: Settings;
	/** What `readConfig` sees of the environment. */
	readonly environment?: Environment;
	/** Default: a new one. Two apps that share it share the gateway's ledger and the audit log. */
	readonly data_folder?: string;
	/** Instead of the servers' own, such as the address of a proxy. */
	readonly database_url?: string;
	readonly nats_url?: string;
}

/** A line of the log, parsed. */
export type LogLine = {
	readonly level: string;
	readonly msg?: string;
	readonly [field: string]: unknown;
};

/** A running app in this process, with a client for its routes. */
export interface TestApp extends Client {
	readonly app: App;
	readonly config: Config;
	readonly lines: readonly LogLine[];
	stop(): Promise<void>;
}

/** Builds an app on the given servers without starting it. */
export async function buildApp(servers: PrivateServers, options: TestAppOptions = {}) {
	const config = await readConfig(
		{
			config: settingsFile(options.settings),
			data_folder: options.data_folder ?? temporaryFolder("data"),
		},
		options.environment ?? {},
	);
	const lines: LogLine[] = [];
	const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
	const url = options.database_url ?? servers.database_url;
	const database_urls = { order: url, inventory: url, payment: url, audit: url };
	const app = createApp({
		config,
		roles: options.roles ?? moduleNames,
		database_urls,
		nats_url: options.nats_url ?? servers.nats.url,
		stripe: config.stripe,
		version: "0.0.0",
		log: createLog({ level: "info", pretty: false, destination }),
	});
	return { app, config, lines };
}

/** Starts an app that is stopped with the servers at the latest. */
export async function startApp(
	servers: PrivateServers,
	options: TestAppOptions = {},
): Promise<TestApp> {
	const built = await buildApp(servers, options);
	servers.atEnd(() => built.app.stop());
	await built.app.start();
	return {
		...built,
		...createClient(built.app.http_url ?? ""),
		stop: () => built.app.stop(),
	};
}
