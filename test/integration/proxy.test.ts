import { expect, test } from "bun:test";
import { createServer, connect as tcpConnect } from "node:net";
import { openProxy } from "../support/proxy.ts";
import { eventually } from "../support/wait.ts";

const LINES = 6_000;

test("a slow proxy keeps the order of what it passes on, also when it is mended meanwhile", async () => {
	let heard = "";
	const server = createServer((socket) => socket.on("data", (data) => (heard += data)));
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as { port: number };
	const proxy = await openProxy(`tcp://127.0.0.1:${port}`);
	const client = tcpConnect(Number(new URL(proxy.url).port), "127.0.0.1");
	client.setNoDelay(true);
	let sent = "";
	for (let line = 0; line < LINES; line += 1) {
		if (line % 600 === 0) proxy.slow({ delay_ms: 7 });
		if (line % 600 === 300) await proxy.mend();
		client.write(`${line}\n`);
		sent += `${line}\n`;
		if (line % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
	}
	await eventually(() => expect(heard.length).toBe(sent.length));
	expect(heard === sent).toBe(true);
	client.destroy();
	await proxy.close();
	server.close();
});
