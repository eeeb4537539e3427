import { afterEach, describe, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import type { Gateway, GatewayRequest, GatewayResult } from "../../src/gateway/gateway.ts";
import { createStripeGateway } from "../../src/gateway/stripe-gateway.ts";

const CALL_TIMEOUT_MS = 500;

const intent = {
	id: "pi_1",
	object: "payment_intent",
	status: "succeeded",
	amount: 100,
	currency: "eur",
	metadata: {},
};

interface RawServer {
	readonly url: string;
	/** Whole requests that arrived. */
	readonly requests: number;
	readonly connections: number;
	stopListening(): void;
	stop(): Promise<void>;
}

const servers: RawServer[] = [];
afterEach(async () => {
	for (const server of servers.splice(0)) await server.stop();
});

type Reply = (socket: Socket, number: number) => void;

/** A server that sees bytes, and does with the connection what no decent server would. */
async function startRaw(reply: Reply): Promise<RawServer> {
	const sockets = new Set<Socket>();
	const seen = { requests: 0, connections: 0 };
	const server: Server = createServer((socket) => {
		seen.connections++;
		sockets.add(socket);
		socket.on("error", () => {});
		let text = "";
		socket.on("data", (bytes) => {
			text += bytes.toString("latin1");
			for (let end = endOfRequest(text); end > 0; end = endOfRequest(text)) {
				text = text.slice(end);
				reply(socket, ++seen.requests);
			}
		});
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as { port: number };
	const raw = {
		url: `http://127.0.0.1:${port}`,
		get requests() {
			return seen.requests;
		},
		get connections() {
			return seen.connections;
		},
		stopListening: () => void server.close(),
		async stop() {
			server.close();
			for (const socket of sockets) socket.destroy();
		},
	};
	servers.push(raw);
	return raw;
}

/** 0 while the request is not whole. */
function endOfRequest(text: string): number {
	const head = text.indexOf("\r\n\r\n");
	if (head < 0) return 0;
	const [, length = "0"] = /^content-length: (\d+)/im.exec(text.slice(0, head)) ?? [];
	const end = head + 4 + Number(length);
	return text.length < end ? 0 : end;
}

function http(status: number, body: string, headers = ""): string {
	const length = `content-length: ${Buffer.byteLength(body)}`;
	return `HTTP/1.1 ${status} Said\r\n${length}\r\n${headers}\r\n${body}`;
}

const pays = http(200, JSON.stringify(intent));

function stripeAt(url: string): Gateway {
	return createStripeGateway({
		api_key: "sk_test_x",
		api_url: url,
		call_timeout_ms: CALL_TIMEOUT_MS,
		default_token: undefined,
	});
}

const order: GatewayRequest = {
	key: "key-1",
	kind: "charge",
	order_id: "order-1",
	amount: 100,
	currency: "EUR",
	payment_token: "pm_card_visa",
	charge_reference: undefined,
};

async function submit(gateway: Gateway, requests: readonly GatewayRequest[] = [order]) {
	const results: GatewayResult[] = [];
	await gateway.submit(requests, performance.now() + 10_000, (position, result) => {
		results[position] = result;
	});
	return results;
}

describe("a request that arrived is never said to be not sent, nor sent again unasked", () => {
	const endings: [string, Reply][] = [
		["reset", (socket) => socket.resetAndDestroy()],
		["closed", (socket) => socket.end()],
		["never answered", () => {}],
		["a head cut short", (socket) => socket.end("HTTP/1.1 200 O")],
		["a body cut short", (socket) => socket.end(pays.slice(0, -20))],
		["a body that stops", (socket) => socket.write(pays.slice(0, -20))],
		[
			"a chunk cut short",
			(socket) => socket.end("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\n{"),
		],
		["no HTTP", (socket) => socket.end("SSH-2.0-OpenSSH_9.6\r\n")],
		["no JSON", (socket) => socket.write(http(200, "<html>"))],
		["JSON of nothing", (socket) => socket.write(http(200, "null"))],
		["JSON of something else", (socket) => socket.write(http(200, '{"status":"ok"}'))],
		["an error without words", (socket) => socket.write(http(500, "{}"))],
		["a proxy's error", (socket) => socket.write(http(502, "<html>"))],
		["a proxy's refusal", (socket) => socket.write(http(429, "<html>"))],
		["a redirect", (socket) => socket.write(http(307, "", "location: /elsewhere\r\n"))],
	];

	test.each(endings)("%s, on a new connection", async (_, reply) => {
		const server = await startRaw(reply);
		const [result] = await submit(stripeAt(server.url));
		expect(result?.state).toBe("unknown");
		expect(server.requests).toBe(1);
	});

	test.each(endings)("%s, on a connection used before", async (_, reply) => {
		const server = await startRaw((socket, number) => {
			if (number === 1) socket.write(pays);
			else reply(socket, number);
		});
		const gateway = stripeAt(server.url);
		expect((await submit(gateway))[0]?.state).toBe("succeeded");
		expect((await submit(gateway))[0]?.state).toBe("unknown");
		expect([server.requests, server.connections]).toEqual([2, 1]);
	});

	test.each(["reset", "closed"])("%s by a server that dies of it", async (how) => {
		const server = await startRaw((socket, number) => {
			if (number === 1) return void socket.write(pays);
			server.stopListening();
			if (how === "reset") socket.resetAndDestroy();
			else socket.destroy();
		});
		const gateway = stripeAt(server.url);
		await submit(gateway);
		expect((await submit(gateway))[0]?.state).toBe("unknown");
		expect((await submit(gateway))[0]?.state).toBe("not_sent");
		expect(server.requests).toBe(2);
	});

	test("TLS that is none: what Bun says of it, it also says of bytes broken after the request", async () => {
		const server = await startRaw((socket) => socket.write(pays));
		const [result] = await submit(stripeAt(server.url.replace("http:", "https:")));
		expect(result?.state).toBe("unknown");
	});
});

test("a port that is closed and a name that is none: not sent", async () => {
	const server = await startRaw((socket) => socket.write(pays));
	await server.stop();
	for (const url of [server.url, "http://gateway.invalid"]) {
		const [result] = await submit(stripeAt(url));
		expect(result).toMatchObject({ state: "not_sent", error: { failure: "unreachable" } });
	}
});

test("connections are used again", async () => {
	const server = await startRaw((socket) => socket.write(pays));
	const gateway = stripeAt(server.url);
	const burst = Array.from({ length: 64 }, (_, n) => ({ ...order, key: `key-${n}` }));
	for (let round = 0; round < 5; round++) {
		const results = await submit(gateway, burst);
		expect(results.every(({ state }) => state === "succeeded")).toBe(true);
	}
	expect(server.requests).toBe(320);
	expect(server.connections).toBeLessThanOrEqual(64);
});
