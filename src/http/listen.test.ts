import { afterEach, describe, expect, test } from "bun:test";
import { type ListenOptions, listen } from "./listen.ts";
import { PortTakenError } from "./port-taken.ts";

const opened: { stop(close?: boolean): unknown }[] = [];
afterEach(async () => {
	for (const server of opened.splice(0)) await server.stop(true);
});

function open(o: Partial<ListenOptions> = {}) {
	const server = listen({
		host: "127.0.0.1",
		port: 0,
		setting: "PORT",
		fetch: () => new Response("here"),
		...o,
	});
	opened.push(server);
	return server;
}

describe("a taken port", () => {
	const taken = (port: number | undefined) => ({
		name: "PortTakenError",
		port,
		message: `Port ${port} is taken. Set PORT to another port, or stop the program that holds it.`,
		cause: expect.objectContaining({ code: "EADDRINUSE" }),
	});

	function refusal(o: Partial<ListenOptions>): unknown {
		try {
			open(o);
		} catch (error) {
			return error;
		}
		throw new Error("The port was shared.");
	}

	test.each(["127.0.0.1", "0.0.0.0"])("by a server of ours on %s is refused", (host) => {
		const { port = 0 } = open({ host });
		const error = refusal({ host, port });
		expect(error).toBeInstanceOf(PortTakenError);
		expect(error).toMatchObject(taken(port));
	});

	test("by another program is refused", () => {
		const other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
		opened.push(other);
		expect(refusal({ port: other.port })).toMatchObject(taken(other.port));
	});

	test("is refused to a second process", async () => {
		const { port = 0 } = open();
		const source = `
			import { listen } from ${JSON.stringify(`${import.meta.dir}/listen.ts`)};
			const fetch = () => new Response("second");
			try {
				listen({ host: "127.0.0.1", port: ${port}, setting: "PORT", fetch });
			} catch (error) {
				console.log(error.name);
			}
			process.exit();
		`;
		const child = Bun.spawn([process.execPath, "-e", source], { stdout: "pipe" });
		expect(await new Response(child.stdout).text()).toBe("PortTakenError\n");
	});
});

test("another error of the address is passed on", () => {
	expect(() => open({ host: "203.0.113.9" })).toThrow(/EADDRNOTAVAIL/);
});

test("a body over the limit is refused", async () => {
	const server = open({ body_bytes_max: 10, fetch: async (r) => new Response(await r.text()) });
	const post = (body: string) => fetch(server.url, { method: "POST", body });
	expect(await (await post("ten bytes.")).text()).toBe("ten bytes.");
	expect((await post("eleven bytes")).status).toBe(413);
});
