import { openProxy, type Proxy as TcpProxy } from "./proxy.ts";
import { type ServerName, TORTURED } from "./torture-schedule.ts";

/** A proxy between each process and each server that it speaks to. */
export interface Links {
	/** Opens the proxies of a process, and answers the variables that lead through them. */
	environmentOf(
		position: number,
		servers: { readonly nats_url: string; readonly database_url: string },
	): Promise<Record<string, string>>;
	/** One, or one to each of several brokers. */
	between(position: number, server: ServerName): readonly TcpProxy[];
	mendAll(): Promise<void>;
	close(): Promise<void>;
}

export function createLinks(gateway_url: string): Links {
	const proxies = new Map<string, readonly TcpProxy[]>();

	/** @param urls with commas in between */
	async function open(position: number, server: ServerName, urls: string): Promise<string> {
		const opened = await Promise.all(urls.split(",").map(openProxy));
		proxies.set(`${position} ${server}`, opened);
		return opened.map(({ url }) => url).join(",");
	}

	return {
		async environmentOf(position, { nats_url, database_url }) {
			const database = await open(position, "postgres", database_url);
			const roles = TORTURED[position] ?? [];
			return {
				...Object.fromEntries(
					roles.map((role) => [`DATABASE_URL_${role.toUpperCase()}`, database]),
				),
				NATS_URL: await open(position, "nats", nats_url),
				STRIPE_API_URL: await open(position, "gateway", gateway_url),
			};
		},
		between(position, server) {
			const between = proxies.get(`${position} ${server}`);
			if (between === undefined) throw new Error(`process ${position} has no way to ${server}`);
			return between;
		},
		async mendAll() {
			for (const proxy of [...proxies.values()].flat()) await proxy.mend();
		},
		async close() {
			for (const proxy of [...proxies.values()].flat()) await proxy.close();
		},
	};
}
