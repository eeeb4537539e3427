import { createServer, type Socket, connect as tcpConnect } from "node:net";

/** A way to a server that can forget its connections without telling either end, as a firewall does. */
export interface Halfway {
	readonly url: string;
	/** From now on nothing gets through on the connections there are; new ones work. */
	forget(): void;
	close(): Promise<void>;
}

export async function openHalfway(target: string): Promise<Halfway> {
	const { hostname, port } = new URL(target);
	const pairs = new Set<readonly [Socket, Socket]>();
	const sockets = new Set<Socket>();

	function join(client: Socket) {
		const server = tcpConnect(Number(port), hostname);
		const pair = [client, server] as const;
		pairs.add(pair);
		for (const socket of pair) sockets.add(socket);
		const both = [
			[client, server],
			[server, client],
		] as const;
		for (const [from, to] of both) {
			from.on("data", (data) => pairs.has(pair) && to.write(data));
			from.on("error", () => {});
			from.on("close", () => pairs.has(pair) && to.destroy());
		}
	}

	const listener = createServer(join);
	await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
	const url = new URL(target);
	url.hostname = "127.0.0.1";
	url.port = String((listener.address() as { port: number }).port);
	return {
		url: url.href,
		forget: () => pairs.clear(),
		async close() {
			for (const socket of sockets) socket.destroy();
			await new Promise((resolve) => listener.close(resolve));
		},
	};
}
