import { createServer, type Socket, connect as tcpConnect } from "node:net";

/** How slowly bytes pass, in each direction of each connection. */
interface Slowness {
	/** Each byte arrives so much later. */
	readonly delay_ms?: number;
	readonly bytes_a_second_max?: number;
}

/** A TCP proxy in front of a server, which a test can cut. */
export interface Proxy {
	/** The server's address with the proxy's port in it. */
	readonly url: string;
	/** Closes what is open, and whoever comes is refused. */
	cut(): Promise<void>;
	/** Resets what is open; whoever comes is let through. */
	reset(): void;
	/** Nothing passes any more and nobody is told, as when a cable is pulled. What was sent arrives when it is mended. */
	stall(): void;
	/** Whoever comes is refused; what is open stays. */
	refuse(): void;
	slow(slowness: Slowness): void;
	/** Lets everything through again. */
	mend(): Promise<void>;
	/**
	 * Cuts a connection when the client has sent `text` and the server has answered it, so that the
	 * answer is lost.
	 * @param times after so many lost answers all is well again
	 */
	loseAnswersTo(text: string, times: number): void;
	/** Answers that were lost so far. */
	readonly answers_lost: number;
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
	let answers_lost = 0;
	let stalled = false;
	let slowness: Slowness = {};

	function end(pair: Pair) {
		pairs.delete(pair);
		pair.client.destroy();
		pair.server.destroy();
	}

	/** Writes in order, each piece when it is due. */
	function writer(to: Socket): (data: Buffer | string) => void {
		const waiting: { readonly data: Buffer | string; readonly due_ms: number }[] = [];
		let last_due_ms = 0;

		function write() {
			while (waiting[0] && waiting[0].due_ms <= performance.now()) {
				const piece = waiting.shift();
				if (piece && !to.destroyed) to.write(piece.data);
			}
			if (waiting[0]) setTimeout(write, waiting[0].due_ms - performance.now());
		}

		return (data) => {
			const { delay_ms = 0, bytes_a_second_max } = slowness;
			if (delay_ms === 0 && bytes_a_second_max === undefined && waiting.length === 0) {
				return void to.write(data);
			}
			const sending_ms = bytes_a_second_max ? (data.length * 1_000) / bytes_a_second_max : 0;
			last_due_ms = Math.max(last_due_ms, performance.now() + delay_ms) + sending_ms;
			waiting.push({ data, due_ms: last_due_ms });
			if (waiting.length === 1) setTimeout(write, last_due_ms - performance.now());
		};
	}

	function join(client: Socket) {
		const pair: Pair = { client, server: tcpConnect(Number(port), hostname), doomed: false };
		pairs.add(pair);
		const [toServer, toClient] = [writer(pair.server), writer(pair.client)];
		for (const socket of [pair.client, pair.server]) {
			socket.on("error", () => end(pair));
			socket.on("close", () => end(pair));
		}
		client.on("data", (data) => {
			pair.doomed ||= answers_to_lose > 0 && data.includes(fatal);
			toServer(data);
		});
		pair.server.on("data", (data) => {
			if (!pair.doomed) return toClient(data);
			// The first answer may be that the statement was parsed; the last says that it is done.
			if (!data.includes("INSERT") && !data.includes("SELECT") && !data.includes("UPDATE")) {
				return toClient(data);
			}
			answers_to_lose -= 1;
			answers_lost += 1;
			end(pair);
		});
		if (stalled) hold(pair);
	}

	function hold({ client, server }: Pair) {
		client.pause();
		server.pause();
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
		reset() {
			for (const pair of [...pairs]) {
				pair.client.resetAndDestroy();
				end(pair);
			}
		},
		stall() {
			stalled = true;
			for (const pair of pairs) hold(pair);
		},
		refuse() {
			listener.close();
		},
		slow(wanted) {
			slowness = wanted;
		},
		async mend() {
			stalled = false;
			slowness = {};
			for (const { client, server } of pairs) {
				client.resume();
				server.resume();
			}
			if (!listener.listening) await listen(Number(url.port));
		},
		get answers_lost() {
			return answers_lost;
		},
		loseAnswersTo(text, times) {
			fatal = text;
			answers_to_lose = times;
		},
		close: cut,
	};
}
