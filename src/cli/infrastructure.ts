import type { Config } from "../config.ts";
import { type ModuleName, moduleNames } from "../contracts/streams.ts";
import { type EmbeddedServers, startServers } from "../embedded/servers.ts";

/** Where Postgres and NATS are, and what of them runs inside this program. */
export interface Infrastructure {
	readonly database_urls: Readonly<Record<ModuleName, string>>;
	readonly nats_url: string;
	/** Undefined when both were given. */
	readonly embedded: EmbeddedServers | undefined;
}

/** Uses the servers that the configuration names and starts embedded ones for those it does not. */
export async function findInfrastructure(
	config: Config,
	report: (line: string) => void,
): Promise<Infrastructure> {
	const { database_urls, nats_url } = config;
	if (database_urls && nats_url) return { database_urls, nats_url, embedded: undefined };
	const embedded = await startServers({
		data_folder: config.data_folder,
		postgres: database_urls ? undefined : {},
		nats: nats_url ? undefined : config.embedded,
		report,
	});
	const url = embedded.database_url ?? "";
	return {
		database_urls:
			database_urls ??
			(Object.fromEntries(
				moduleNames.map((name) => [name, url]),
			) as Infrastructure["database_urls"]),
		nats_url: nats_url ?? embedded.nats_url ?? "",
		embedded,
	};
}
