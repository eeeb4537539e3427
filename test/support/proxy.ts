import { createServer, type Socket, connect as tcpConnect } from "node:net";

/** A TCP proxy in front of a server, which a test can cut. */
export interface Proxy {
	/** The server's address with the proxy's port in it. */
	readonly url: string;
	/** Closes what is open, and whoever comes is refused. */
	cut(): Promise<void>;
	/** Lets connections through again. */
	mend(): Promise<void>;
	/**
	 * Cuts a connection when the client has sent `text` and the server has answered it, so that the
	 * answer is lost.
	 * @param times after so many lost answers all is well again
	 */
	loseAnswersTo(text: string, times: number): void;
	close(): Promise<void>;
}

interface Pair {
	readonly client: Socket;
	readonly server: Socket;
	doomed: boolean;
}

export async function openProxy(target: string): Promise<Proxy> {
	const { hostname, port } = new URL(target);
	const pairs = new Set<Pair>();
	let fatal = "";
	let answers_to_lose = 0;

	function end(pair: Pair) {
		pairs.delete(pair);
		pair.client.destroy();
		pair.server.destroy();
	}

	function join(client: Socket) {
		const pair: Pair = { client, server: tcpConnect(Number(port), hostname), doomed: false };
		pairs.add(pair);
		for (const socket of [pair.client, pair.server]) {
			socket.on("error", () => end(pair));
			socket.on("close", () => end(pair));
		}
		client.on("data", (data) => {
			pair.doomed ||= answers_to_lose > 0 && data.includes(fatal);
			pair.server.write(data);
		});
		pair.server.on("data", (data) => {
			if (!pair.doomed) return void client.write(data);
			// The first answer may be that the statement was parsed; the last says that it is done.
			if (!data.includes("INSERT") && !data.includes("SELECT") && !data.includes("UPDATE")) {
				return void client.write(data);
			}
			answers_to_lose -= 1;
			end(pair);
		});
	}

	const listener = createServer(join);
	const listen = (port: number) =>
		new Promise<void>((resolve, reject) => {
			listener.once("error", reject);
			listener.listen(port, "127.0.0.1", resolve);
		});
	const cut = async () => {
		const closed = new Promise((resolve) => listener.close(resolve));
		for (const pair of [...pairs]) end(pair);
		await closed;
	};
	await listen(0);
	const url = new URL(target);
	url.hostname = "127.0.0.1";
	url.port = String((listener.address() as { port: number }).port);
	return {
		url: url.href,
		cut,
		mend: () => listen(Number(url.port)),
		loseAnswersTo(text, times) {
			fatal = text;
			answers_to_lose = times;
		},
		close: cut,
	};
}
