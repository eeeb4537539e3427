import { openProxy, type Proxy as TcpProxy } from "./proxy.ts";
import { type ServerName, TORTURED } from "./torture-schedule.ts";

/** A proxy between each process and each server that it speaks to. */
export interface Links {
	/** Opens the proxies of a process, and answers the variables that lead through them. */
	environmentOf(
		position: number,
		servers: { readonly nats_url: string; readonly database_url: string },
	): Promise<Record<string, string>>;
	between(position: number, server: ServerName): TcpProxy;
	mendAll(): Promise<void>;
	close(): Promise<void>;
}

export function createLinks(gateway_url: string): Links {
	const proxies = new Map<string, TcpProxy>();

	async function open(position: number, server: ServerName, url: string): Promise<string> {
		const proxy = await openProxy(url);
		proxies.set(`${position} ${server}`, proxy);
		return proxy.url;
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
			const proxy = proxies.get(`${position} ${server}`);
			if (proxy === undefined) throw new Error(`process ${position} has no way to ${server}`);
			return proxy;
		},
		async mendAll() {
			for (const proxy of proxies.values()) await proxy.mend();
		},
		async close() {
			for (const proxy of proxies.values()) await proxy.close();
		},
	};
}
