import { expect, test } from "bun:test";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { addEndpoints, readEndpoints, removeEndpoints } from "../../src/embedded/endpoints.ts";
import { EmbeddedError } from "../../src/embedded/error.ts";
import { lockFolder } from "../../src/embedded/lock.ts";
import { keptPorts, withFreePort } from "../../src/embedded/port.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("endpoints are added to, readable by their owner alone, and removed", () => {
	const folder = temporaryFolder("data");
	expect(readEndpoints(folder)).toBeUndefined();
	addEndpoints(folder, { nats_url: "nats://127.0.0.1:4222" });
	addEndpoints(folder, { http_url: "http://127.0.0.1:8080" });
	const both = { nats_url: "nats://127.0.0.1:4222", http_url: "http://127.0.0.1:8080" };
	expect(readEndpoints(folder)).toEqual(both);
	expect(readdirSync(folder)).toEqual(["endpoints.json"]);
	expect(statSync(join(folder, "endpoints.json")).mode & 0o777).toBe(0o600);
	removeEndpoints(folder);
	removeEndpoints(folder);
	expect(readEndpoints(folder)).toBeUndefined();
});

test("a folder has one holder at a time", () => {
	const folder = join(temporaryFolder("data"), "new");
	const first = lockFolder(folder);
	expect(() => lockFolder(folder)).toThrow(`process ${process.pid}, since`);
	first.release();
	first.release();
	lockFolder(folder).release();
});

test("a folder that cannot be made is refused with the reason", () => {
	const file = join(temporaryFolder("data"), "file");
	writeFileSync(file, "");
	expect(() => lockFolder(join(file, "folder"))).toThrow(/cannot be used .*--data-dir/);
});

test("ports last, unless another program has one of them", () => {
	const file = join(temporaryFolder("data"), "ports");
	const [first = 0, second = 0] = keptPorts(file, 2);
	expect(keptPorts(file, 2)).toEqual([first, second]);
	const other = Bun.listen({ hostname: "127.0.0.1", port: first, socket: { data() {} } });
	try {
		const [moved, same] = keptPorts(file, 2);
		expect(moved).not.toBe(first);
		expect(same).toBe(second);
	} finally {
		other.stop();
	}
});

test("a start that lost its port is tried again, three times in all; another fault is not", async () => {
	const attempts = async (message: string) => {
		let count = 0;
		const start = () => {
			count++;
			return Promise.reject(new EmbeddedError(message));
		};
		await expect(withFreePort(start)).rejects.toThrow(message);
		return count;
	};
	expect(await attempts("bind: Address already in use")).toBe(3);
	expect(await attempts("no space left")).toBe(1);
});
