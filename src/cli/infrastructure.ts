import type { Config, DatabaseUrls } from "../config.ts";
import { type ModuleName, moduleNames } from "../contracts/streams.ts";
import { startServers } from "../embedded/servers.ts";

/** Where Postgres, NATS and the gateway are, and what of them runs inside this program. */
export interface Infrastructure {
	readonly database_urls: DatabaseUrls;
	readonly nats_url: string;
	/** Undefined when no gateway is called over the network. */
	readonly stripe: Config["stripe"];
	readonly embedded: {
		readonly postgres: boolean;
		readonly nats: boolean;
		readonly sandbox: boolean;
	};
	/** Resolves with what happened when an embedded server ends by itself; never when there is none. */
	readonly failed: Promise<string>;
	/** Stops what is embedded. */
	stop(): Promise<void>;
}

/** Uses the servers that the configuration names and starts embedded ones for those it does not. */
export async function findInfrastructure(
	config: Config,
	roles: readonly ModuleName[],
	report: (line: string) => void,
): Promise<Infrastructure> {
	const { database_urls, nats_url, stripe } = config;
	const pays = roles.includes("payment") && config.payment.gateway === "stripe";
	const embedded = {
		postgres: database_urls === undefined,
		nats: nats_url === undefined,
		sandbox: pays && stripe === undefined,
	};
	if (database_urls && nats_url && !embedded.sandbox) {
		const failed = Promise.withResolvers<string>().promise;
		return { database_urls, nats_url, stripe, embedded, failed, stop: async () => {} };
	}
	const servers = await startServers({
		data_folder: config.data_folder,
		postgres: embedded.postgres ? {} : undefined,
		nats: embedded.nats ? config.embedded : undefined,
		sandbox: embedded.sandbox,
		report,
	});
	return {
		database_urls: database_urls ?? sameForAll(servers.database_url ?? ""),
		nats_url: nats_url ?? servers.nats_url ?? "",
		stripe: servers.gateway_url === undefined ? stripe : accessTo(servers.gateway_url),
		embedded,
		failed: servers.failed,
		stop: servers.stop,
	};
}

/** The sandbox takes any test key, and signs with the secret that it has unless told another. */
function accessTo(gateway_url: string): Config["stripe"] {
	return { api_key: "sk_test_sandbox", api_url: gateway_url, webhook_secret: "whsec_sandbox" };
}

function sameForAll(url: string): DatabaseUrls {
	return Object.fromEntries(moduleNames.map((name) => [name, url]));
}
