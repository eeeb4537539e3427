import { type Config, ConfigError } from "../config.ts";
import { type ModuleName, moduleNames } from "../contracts/streams.ts";
import type { Endpoints } from "../embedded/endpoints.ts";

/** Where the tables of each module are. @throws ConfigError when it is not known of all */
export function databaseUrls(
	{ database_urls, data_folder }: Config,
	endpoints: Endpoints | undefined,
): Record<ModuleName, string> {
	const urls = moduleNames.map((name) => {
		const url = database_urls === undefined ? endpoints?.database_url : database_urls[name];
		if (url !== undefined) return [name, url] as const;
		throw new ConfigError(
			database_urls === undefined
				? `No millrace runs in ${data_folder}. Name its folder with --data-dir, or set DATABASE_URL.`
				: `Set DATABASE_URL_${name.toUpperCase()}, or DATABASE_URL: the books of all modules are read.`,
		);
	});
	return Object.fromEntries(urls) as Record<ModuleName, string>;
}
