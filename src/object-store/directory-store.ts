import { createHash } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rename, rm, unlink } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import {
	everybody,
	type NamedObject,
	ObjectDiffersError,
	type ObjectStore,
} from "./object-store.ts";

const ASIDE = ".writing-";
/** What is behind the permit is a rename or a link for each object. */
const WRITE_MS_MAX = 500;

/** An object store in a folder. What is written once stays: files are made whole, synced and read-only. */
export function openDirectory(root: string, permit = everybody): ObjectStore {
	/** Folders that are there, but for those of partial objects, which come and go. */
	const present = new Set<string>();
	let cleared: Promise<void> | undefined;

	function asideOf({ path }: NamedObject): string {
		const digest = createHash("sha256").update(path).digest("hex").slice(0, 16);
		return join(root, `${ASIDE}${process.pid}-${digest}`);
	}

	async function writeAside(object: NamedObject): Promise<string> {
		const aside = asideOf(object);
		const file = await openNew(aside);
		try {
			await file.writeFile(object.bytes);
			await file.datasync();
		} finally {
			await file.close();
		}
		return aside;
	}

	async function appear(aside: string, { path, bytes }: NamedObject): Promise<void> {
		try {
			await link(aside, join(root, path));
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
			await compare(path, bytes);
		} finally {
			await unlink(aside);
		}
	}

	async function compare(path: string, bytes: Uint8Array): Promise<void> {
		const found = await readFile(join(root, path));
		if (!found.equals(bytes)) throw new ObjectDiffersError(`${path} holds something else`);
	}

	/** All aside first, and then each into its place by {@link settle}. */
	async function write(
		objects: readonly NamedObject[],
		settle: (aside: string, object: NamedObject) => Promise<void>,
	): Promise<void> {
		cleared ??= removeLeftOver(root);
		await cleared;
		const folders = new Set(objects.map(({ path }) => dirname(join(root, path))));
		const grown = new Set<string>();
		try {
			for (const folder of folders) for (const made of await makeFolder(folder)) grown.add(made);
			const asides = await Promise.all(objects.map(writeAside));
			await permit();
			for (const [index, object] of objects.entries())
				await settle(asides[index] as string, object);
		} catch (error) {
			// Read-only files left behind could not be written again by anybody but root.
			await Promise.allSettled(objects.map((object) => rm(asideOf(object), { force: true })));
			present.clear();
			throw error;
		}
		for (const folder of new Set([...folders, ...grown])) await syncFolder(folder);
	}

	/** @returns the folders that have got a new entry by it, which is as durable as they are */
	async function makeFolder(folder: string): Promise<string[]> {
		if (present.has(folder)) return [];
		const first = await mkdir(folder, { recursive: true });
		if (!folder.endsWith(".p")) present.add(folder);
		if (first === undefined) return [];
		const grown: string[] = [];
		for (let at = folder; at.length >= first.length; at = dirname(at)) grown.push(dirname(at));
		return grown;
	}

	const create = (objects: readonly NamedObject[]) => write(objects, appear);
	return {
		address: root,
		write_ms_max: WRITE_MS_MAX,
		under: (stricter) => openDirectory(root, stricter),
		create,
		createInOrder: create,
		replace: (object) => write([object], (aside, { path }) => rename(aside, join(root, path))),
		read: (path) => readFile(join(root, path)).catch(absent),
		async list(folder) {
			const found = await readdir(join(root, folder), {
				recursive: true,
				withFileTypes: true,
			}).catch(absent);
			return (found ?? [])
				.filter((it) => it.isFile() && !it.name.startsWith(ASIDE))
				.map((it) => relative(root, join(it.parentPath, it.name)).replaceAll(sep, "/"))
				.sort();
		},
		async discard(folder) {
			await permit();
			await rm(join(root, folder), { recursive: true, force: true });
		},
	};
}

/** What killed processes did not finish. Whoever writes is the only one, or is about to find out that he is not. */
async function removeLeftOver(root: string): Promise<void> {
	const names = await readdir(root).catch(() => []);
	const left = names.filter((name) => name.startsWith(ASIDE));
	await Promise.allSettled(left.map((name) => rm(join(root, name), { force: true })));
}

/** A killed process of the same number may have left such a file, read-only. */
async function openNew(path: string) {
	try {
		return await open(path, "wx", 0o444);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
		await rm(path);
		return open(path, "wx", 0o444);
	}
}

function absent(error: unknown): undefined {
	const { code } = error as NodeJS.ErrnoException;
	if (code === "ENOENT" || code === "ENOTDIR") return undefined;
	throw error;
}

async function syncFolder(path: string) {
	const folder = await open(path, "r");
	await folder.sync().finally(() => folder.close());
}
