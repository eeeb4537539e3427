import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { AwsClient } from "aws4fetch";
import type { ObjectStore } from "../../src/object-store/object-store.ts";
import { openStore } from "../../src/object-store/open-store.ts";
import { anyAccess, lockedBucket } from "../support/locked-bucket.ts";
import { startS3rver } from "../support/s3rver.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const object = (path: string, text: string) => ({ path, bytes: bytes(text) });
const textOf = async (store: ObjectStore, path: string) => {
	const found = await store.read(path);
	return found && new TextDecoder().decode(found);
};

const s3rver = await startS3rver("log");
const bucket = lockedBucket();
afterAll(async () => {
	await s3rver.stop();
	await bucket.stop();
});

let round = 0;
beforeEach(() => {
	round += 1;
});

const stores = {
	"a folder": () => openStore(join(temporaryFolder("store"), "log"), undefined),
	"a folder by URL": () => openStore(`${pathToFileURL(temporaryFolder("store"))}/log`, undefined),
	"a locked bucket": () => openStore(bucket.address.replace("/?", `/round-${round}?`), anyAccess),
	"a server that speaks S3": () =>
		openStore(`s3://log/round-${round}?endpoint=${s3rver.url}`, anyAccess),
};

for (const [name, open] of Object.entries(stores)) {
	describe(name, () => {
		test("keeps what was created, and lists it", async () => {
			const store = open();
			await store.create([object("tile/0/000", "zero"), object("tile/entries/x001/000", "far")]);
			await store.createInOrder([object("tile/0/001.p/7", "seven")]);
			expect(await textOf(store, "tile/entries/x001/000")).toBe("far");
			expect(await store.list("tile/0")).toEqual(["tile/0/000", "tile/0/001.p/7"]);
			expect(await store.list("tile/0/001.p")).toEqual(["tile/0/001.p/7"]);
			expect(await store.list("")).toHaveLength(3);
		});

		test("has nothing where there is nothing", async () => {
			const store = open();
			expect(await store.read("nothing")).toBeUndefined();
			expect(await store.list("nothing")).toEqual([]);
			await store.discard("nothing");
		});

		test("shows the newest of what is replaced", async () => {
			const store = open();
			for (const text of ["one", "two"]) {
				await store.replace(object("checkpoint", text));
				expect(await textOf(store, "checkpoint")).toBe(text);
			}
		});
	});
}

for (const name of ["a folder", "a locked bucket"] as const) {
	test(`${name} takes the same again, and never something else`, async () => {
		const store = stores[name]();
		await store.create([object("a/b", "one")]);
		await store.create([object("a/b", "one")]);
		for (const create of [store.create, store.createInOrder]) {
			const other = create([object("a/b", "two")]);
			await expect(other).rejects.toThrow("a/b holds something else");
		}
		expect(await textOf(store, "a/b")).toBe("one");
	});

	test(`${name} keeps what came before what fails, and nothing behind it`, async () => {
		const store = stores[name]();
		await store.create([object("b", "taken")]);
		const objects = ["a", "b", "c"].map((path) => object(path, path));
		await expect(store.createInOrder(objects)).rejects.toThrow("b holds something else");
		expect(await store.list("")).toEqual(["a", "b"]);
	});
}

describe("a folder", () => {
	test("has only read-only files, and none that was not finished", async () => {
		const root = join(temporaryFolder("store"), "log");
		const store = openStore(root, undefined);
		await store.create([object("b", "one")]);
		await expect(store.create([object("a", "a"), object("b", "two")])).rejects.toThrow();
		await store.replace(object("checkpoint", "1"));
		await store.replace(object("checkpoint", "2"));
		expect(readdirSync(root).sort()).toEqual(["a", "b", "checkpoint"]);
		const modes = readdirSync(root).map((name) => statSync(join(root, name)).mode & 0o777);
		expect(new Set(modes)).toEqual(new Set([0o444]));
	});

	test("that is written to by a new process loses what a killed one did not finish", async () => {
		const root = temporaryFolder("store");
		const left = ".writing-1-0123456789abcdef";
		writeFileSync(join(root, left), "half", { mode: 0o444 });
		const store = openStore(root, undefined);
		await store.read("a");
		expect(readdirSync(root)).toEqual([left]);
		await Promise.all([store.create([object("a", "one")]), store.create([object("b", "two")])]);
		expect(readdirSync(root).sort()).toEqual(["a", "b"]);
	});

	test("lets go of what is discarded", async () => {
		const store = openStore(temporaryFolder("store"), undefined);
		await store.create([object("p/1", "one"), object("p/2", "two"), object("q", "three")]);
		await store.discard("p");
		expect(await store.list("")).toEqual(["q"]);
	});
});

describe("a locked bucket", () => {
	const open = stores["a locked bucket"];

	test("has every object under COMPLIANCE, and each checkpoint as a version", async () => {
		const store = open();
		await store.create([object("tile/0/000", "zero")]);
		await store.replace(object("checkpoint", "1"));
		await store.replace(object("checkpoint", "2"));
		const key = (path: string) => `round-${round}/${path}`;
		expect(bucket.objects.get(key("checkpoint"))).toHaveLength(2);
		const [version] = bucket.objects.get(key("tile/0/000")) ?? [];
		const days = ((version?.retain_until_ms ?? 0) - Date.now()) / 86_400_000;
		expect(Math.round(days)).toBe(30);
		await store.discard("tile");
		expect(await textOf(store, "tile/0/000")).toBe("zero");
		const { access_key_id, secret_access_key } = anyAccess;
		const client = new AwsClient({
			accessKeyId: access_key_id,
			secretAccessKey: secret_access_key,
			service: "s3",
			region: "us-east-1",
		});
		const path = `${bucket.url}/${key("tile/0/000")}`;
		expect((await client.fetch(`${path}?versionId=0`, { method: "DELETE" })).status).toBe(403);
		const bare = await client.fetch(`${bucket.url}/bare`, { method: "PUT", body: "x" });
		expect(bare.status).toBe(400);
	});

	test("that fails says so, and a create whose answer was lost is no conflict", async () => {
		const store = open();
		await store.list("");
		bucket.meet((method) => (method === "PUT" ? "500 after" : undefined));
		await expect(store.create([object("a", "one")])).rejects.toThrow("500 InternalError");
		bucket.meet(() => undefined);
		await store.create([object("a", "one")]);
		expect(await textOf(store, "a")).toBe("one");
	});

	test("with more objects than a page is listed whole", async () => {
		const store = open();
		const paths = Array.from({ length: 250 }, (_, n) => `many/${String(n).padStart(3, "0")}`);
		await store.create(paths.map((path) => object(path, path)));
		expect(await store.list("many")).toEqual(paths);
	});

	test("without a default is refused when no days are given", async () => {
		const store = openStore(bucket.address.replace("&retention_days=30", ""), anyAccess);
		await expect(store.create([object("a", "one")])).rejects.toThrow("add retention_days");
	});
});

test("a bucket without Object Lock is refused when days are given", async () => {
	const store = openStore(`s3://log/x?endpoint=${s3rver.url}&retention_days=1`, anyAccess);
	await expect(store.create([object("a", "one")])).rejects.toThrow("has no Object Lock");
});

test("a bucket on a server without locks lets go of what is discarded", async () => {
	const store = stores["a server that speaks S3"]();
	await store.create([object("p/1", "one"), object("q", "two")]);
	await store.discard("p");
	expect(await store.list("")).toEqual(["q"]);
});

test.each([
	["s3://", "is no address of a bucket"],
	["s3://log?retention=3", "has retention"],
	["s3://log?retention_days=0", "is a number of days"],
	["https://example.com/log", "is no store"],
])("%s is refused", (address, message) => {
	expect(() => openStore(address, anyAccess)).toThrow(message);
});

test("a bucket without access is refused", () => {
	expect(() => openStore("s3://log", undefined)).toThrow("Set AWS_ACCESS_KEY_ID");
});
