import { createHash } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rm, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";

/** An object of this name exists and holds something else. */
class ObjectDiffersError extends Error {
	override readonly name = "ObjectDiffersError";
}

export interface NamedObject {
	readonly path: string;
	readonly bytes: Uint8Array;
}

export type Directory = ReturnType<typeof openDirectory>;

/** An object store in a folder. What is written once stays: files are made whole, synced and read-only. */
export function openDirectory(root: string) {
	function asideOf({ path }: NamedObject): string {
		const digest = createHash("sha256").update(path).digest("hex").slice(0, 16);
		return join(root, `.writing-${process.pid}-${digest}`);
	}

	async function writeAside(object: NamedObject): Promise<string> {
		const aside = asideOf(object);
		// A killed process of the same number may have left one, read-only.
		await rm(aside, { force: true });
		const file = await open(aside, "w", 0o444);
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

	return {
		/**
		 * Creates objects. They appear whole and in their order, so that a crash leaves no gap.
		 * @throws ObjectDiffersError when one exists with other bytes.
		 */
		async create(objects: readonly NamedObject[]): Promise<void> {
			const folders = new Set(objects.map(({ path }) => dirname(join(root, path))));
			for (const folder of folders) await mkdir(folder, { recursive: true });
			try {
				const asides = await Promise.all(objects.map(writeAside));
				for (const [index, object] of objects.entries())
					await appear(asides[index] as string, object);
			} catch (error) {
				// Read-only files left behind could not be written again by anybody but root.
				await Promise.allSettled(objects.map((object) => rm(asideOf(object), { force: true })));
				throw error;
			}
			for (const folder of folders) await syncFolder(folder);
		},

		/** @returns undefined when there is no such object. */
		async read(path: string): Promise<Uint8Array | undefined> {
			return readFile(join(root, path)).catch(absent);
		},

		/** Names in a folder, none when there is no such folder. */
		async list(path: string): Promise<string[]> {
			return (await readdir(join(root, path)).catch(absent)) ?? [];
		},

		/** Removes a folder of partial bundles once the full one is there. */
		async removeFolder(path: string): Promise<void> {
			await rm(join(root, path), { recursive: true, force: true });
		},
	};
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
