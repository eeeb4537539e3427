import { type Config, ConfigError } from "../config.ts";
import { type ModuleName, moduleNames } from "../contracts/streams.ts";
import type { Endpoints } from "../embedded/endpoints.ts";

/** Where the tables of each module are. @throws ConfigError when it is not known of all */
export function databaseUrls(
	config: Config,
	endpoints: Endpoints | undefined,
): Record<ModuleName, string> {
	const urls = moduleNames.map((name) => [name, databaseUrl(config, endpoints, name)]);
	return Object.fromEntries(urls) as Record<ModuleName, string>;
}

/** Where the tables of one module are. @throws ConfigError when it is not known */
export function databaseUrl(
	{ database_urls, data_folder }: Config,
	endpoints: Endpoints | undefined,
	name: ModuleName,
): string {
	const url = database_urls === undefined ? endpoints?.database_url : database_urls[name];
	if (url !== undefined) return url;
	throw new ConfigError(
		database_urls === undefined
			? `No millrace runs in ${data_folder}. Name its folder with --data-dir, or set DATABASE_URL.`
			: `Set DATABASE_URL_${name.toUpperCase()}, or DATABASE_URL: its tables are needed for this.`,
	);
}
