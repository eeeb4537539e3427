import type { Config, DatabaseUrls } from "../config.ts";
import { moduleNames } from "../contracts/streams.ts";
import { startServers } from "../embedded/servers.ts";

/** Where Postgres and NATS are, and what of them runs inside this program. */
export interface Infrastructure {
	readonly database_urls: DatabaseUrls;
	readonly nats_url: string;
	readonly embedded: { readonly postgres: boolean; readonly nats: boolean };
	/** Resolves with what happened when an embedded server ends by itself; never when there is none. */
	readonly failed: Promise<string>;
	/** Stops what is embedded. */
	stop(): Promise<void>;
}

/** Uses the servers that the configuration names and starts embedded ones for those it does not. */
export async function findInfrastructure(
	config: Config,
	report: (line: string) => void,
): Promise<Infrastructure> {
	const { database_urls, nats_url } = config;
	const embedded = { postgres: database_urls === undefined, nats: nats_url === undefined };
	if (database_urls && nats_url) {
		const failed = Promise.withResolvers<string>().promise;
		return { database_urls, nats_url, embedded, failed, stop: async () => {} };
	}
	const servers = await startServers({
		data_folder: config.data_folder,
		postgres: embedded.postgres ? {} : undefined,
		nats: embedded.nats ? config.embedded : undefined,
		report,
	});
	return {
		database_urls: database_urls ?? sameForAll(servers.database_url ?? ""),
		nats_url: nats_url ?? servers.nats_url ?? "",
		embedded,
		failed: servers.failed,
		stop: servers.stop,
	};
}

function sameForAll(url: string): DatabaseUrls {
	return Object.fromEntries(moduleNames.map((name) => [name, url]));
}
