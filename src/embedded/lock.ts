import { Database, SQLiteError } from "bun:sqlite";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { EmbeddedError } from "./error.ts";

export interface FolderLock {
	release(): void;
}

// A database that is collected as garbage gives its lock up, so what is held is kept reachable here.
const held = new Set<Database>();

/**
 * Makes this process the only one that uses `folder`, which is made if absent.
 *
 * The lock is SQLite's: the operating system frees it when the process ends, however it ends, and
 * a process id used again cannot be mistaken for its holder.
 *
 * @param way_out what to do when it is in use; to join its servers when left out
 * @throws EmbeddedError when another process holds it; the message names that process.
 */
export function lockFolder(folder: string, way_out = wayToJoin(folder)): FolderLock {
	const database = openExclusively(folder, way_out);
	held.add(database);
	return {
		release() {
			held.delete(database);
			database.close();
		},
	};
}

function openExclusively(folder: string, way_out: string): Database {
	let database: Database | undefined;
	try {
		mkdirSync(folder, { recursive: true });
		// Others may pass but not look: a server that runs as another user has its files in here.
		chmodSync(folder, 0o711);
		database = new Database(join(folder, "lock"));
		database.exec("BEGIN EXCLUSIVE");
		writeOwner(folder);
		return database;
	} catch (cause) {
		database?.close();
		throw isBusy(cause) ? taken(folder, way_out, cause) : unusable(folder, cause);
	}
}

function writeOwner(folder: string): void {
	const owner = { pid: process.pid, since: new Date().toISOString() };
	writeFileSync(join(folder, "owner.json"), JSON.stringify(owner));
}

function unusable(folder: string, cause: unknown): EmbeddedError {
	const reason = (cause as Error).message;
	const way_out = "Choose another with --data-dir.";
	return new EmbeddedError(`The folder ${folder} cannot be used (${reason})`, { way_out, cause });
}

function isBusy(error: unknown): boolean {
	return error instanceof SQLiteError && error.code === "SQLITE_BUSY";
}

function wayToJoin(folder: string): string {
	const endpoints = join(dirname(folder), "endpoints.json");
	const where = existsSync(endpoints) ? ` to what ${endpoints} says` : " to its servers";
	return `Choose another folder with --data-dir, or join it: set DATABASE_URL and NATS_URL${where}.`;
}

function taken(folder: string, way_out: string, cause: unknown): EmbeddedError {
	return new EmbeddedError(`${ownerOf(folder)} uses ${folder}`, { way_out, cause });
}

function ownerOf(folder: string): string {
	try {
		const owner = JSON.parse(readFileSync(join(folder, "owner.json"), "utf8"));
		return `Another millrace (process ${owner.pid}, since ${owner.since})`;
	} catch {
		return "Another millrace";
	}
}
