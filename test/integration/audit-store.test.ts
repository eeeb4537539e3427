import { beforeEach, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type Directory, openDirectory } from "../../src/modules/audit/directory.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
let folder = "";
let directory: Directory;
beforeEach(() => {
	folder = join(temporaryFolder("store"), "log");
	directory = openDirectory(folder);
});

test("an object stays as it was made; made again it is the same, or an error", async () => {
	await directory.create([{ path: "a/b", bytes: bytes("one") }]);
	await directory.create([{ path: "a/b", bytes: bytes("one") }]);
	const other = directory.create([{ path: "a/b", bytes: bytes("two") }]);
	await expect(other).rejects.toThrow("a/b holds something else");
	expect(await directory.read("a/b")).toEqual(Buffer.from("one") as never);
});

test("what fails in the middle keeps what came before, and leaves nothing beside it", async () => {
	await directory.create([{ path: "b", bytes: bytes("taken") }]);
	const objects = ["a", "b", "c"].map((path) => ({ path, bytes: bytes(path) }));
	await expect(directory.create(objects)).rejects.toThrow("b holds something else");
	expect(readdirSync(folder).sort()).toEqual(["a", "b"]);
});

test("what is not there is not an error", async () => {
	expect(await directory.read("nothing")).toBeUndefined();
	expect(await directory.list("nothing")).toEqual([]);
	await directory.removeFolder("nothing");
});
