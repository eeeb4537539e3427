import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type GuardOptions, spawnGuarded, untilReady } from "../../src/embedded/guard.ts";
import { processesNaming } from "../support/processes.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { eventually } from "../support/wait.ts";

const folder = temporaryFolder("guard");
const FOR_EVER = "while :; do sleep 0.02; done";

/** Guards a small shell program that is called by the folder's name, so that its processes can be found. */
function guard(program: string, more: Partial<GuardOptions> = {}) {
	return spawnGuarded({
		command: ["/bin/sh", "-c", program, folder],
		log: join(folder, "log"),
		stop_signal: "TERM",
		force_signal: "KILL",
		stop_seconds_max: 30,
		...more,
	});
}

function hasSaid(text: string): boolean {
	return readFileSync(join(folder, "log"), "utf8").includes(text);
}

test("a server is asked to end, and its last words and its status are kept", async () => {
	const server = await guard(`trap "echo bye; exit 3" TERM; echo up; ${FOR_EVER}`);
	await untilReady(server, { ready: () => hasSaid("up"), timeout_ms: 5_000 });
	await server.stop();
	expect(await server.exited).toBe(3);
	expect(hasSaid("bye")).toBe(true);
	expect(processesNaming(folder)).toEqual([]);
});

test("a server that does not end when asked is forced to", async () => {
	const server = await guard(`trap "" TERM; echo up; ${FOR_EVER}`, { stop_seconds_max: 1 });
	await untilReady(server, { ready: () => hasSaid("up"), timeout_ms: 5_000 });
	await server.stop();
	expect(await server.exited).toBe(128 + 9);
	await eventually(() => expect(processesNaming(folder)).toEqual([]));
});

test("a server that ends by itself ends its guard", async () => {
	const server = await guard("echo done; exit 7");
	expect(await server.exited).toBe(7);
	expect(processesNaming(folder)).toEqual([]);
});

test("a server that never gets ready is given up with its log quoted", async () => {
	const gone = await guard("echo no room; exit 1");
	const never = { ready: () => false, timeout_ms: 200 };
	await expect(untilReady(gone, never)).rejects.toThrow(/ended at once \(status 1\)[\s\S]*no room/);
	const idle = await guard(`echo waiting; ${FOR_EVER}`);
	await expect(untilReady(idle, never)).rejects.toThrow(/not ready after 200 ms[\s\S]*waiting/);
	await idle.stop();
});

test("the environment of a server is not the program's own", async () => {
	const server = await guard('echo "path $PATH home $HOME"; exit 0');
	await server.exited;
	expect(readFileSync(join(folder, "log"), "utf8")).toEndWith("home \n");
});
