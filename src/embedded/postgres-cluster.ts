import {
	chmodSync,
	chownSync,
	existsSync,
	lstatSync,
	mkdirSync,
	readFileSync,
	renameSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { EmbeddedError } from "./error.ts";
import type { Account } from "./guard.ts";
import { runAs } from "./postgres-account.ts";

/** Name of the database and of the role that owns it. */
export const DATABASE = "millrace";

/** Where root's databases go when their own folder cannot be entered by PostgreSQL's user. */
const SHARED_HOME = "/var/lib/millrace";

interface NewCluster {
	/** Keeps the password. */
	folder: string;
	/** From `placeCluster`. */
	home: string;
	/** From `preparePostgres`. */
	native: string;
	account: Account | undefined;
}

/**
 * The folder that PostgreSQL's `data` lives in: `folder` itself, or, where `account` may not enter
 * it, one under a shared place, to which `folder` then holds a link. Deleting `folder` deletes the
 * claim, so a database found there without the link is one that its user threw away.
 */
export async function placeCluster(folder: string, account: Account | undefined): Promise<string> {
	const link = join(folder, "data");
	const linked = lstatSync(link, { throwIfNoEntry: false });
	if (account === undefined || (await canEnter(account, folder))) return folder;
	const home = join(SHARED_HOME, Bun.hash(folder).toString(36));
	if (linked?.isSymbolicLink()) return home;
	if (linked !== undefined) {
		throw new EmbeddedError(`PostgreSQL's user ${account.name} cannot reach ${link}`, {
			way_out:
				"Let it pass the folders above (chmod o+x), choose another with --data-dir, or set DATABASE_URL.",
		});
	}
	rmSync(home, { recursive: true, force: true });
	for (const passable of [SHARED_HOME, home]) {
		mkdirSync(passable, { recursive: true });
		chmodSync(passable, 0o711);
	}
	symlinkSync(join(home, "data"), link);
	return home;
}

async function canEnter(account: Account, folder: string): Promise<boolean> {
	const { status } = await runAs(account, ["/bin/sh", "-c", 'cd "$1"', "sh", folder]);
	return status === 0;
}

/**
 * Makes the database on the first start; later only reads its password. It is made beside its place
 * and then moved there, so that a start cut short leaves nothing half made.
 *
 * @returns the password of the role `millrace`.
 */
export async function prepareCluster(o: NewCluster): Promise<string> {
	const password_file = join(o.folder, "password");
	if (existsSync(join(o.home, "data"))) return readPassword(password_file);
	const draft = join(o.home, "data.new");
	const password = crypto.randomUUID();
	emptyFolder(draft, o.account);
	await initialise(o, draft, password);
	writeFileSync(password_file, password, { mode: 0o600 });
	renameSync(draft, join(o.home, "data"));
	return password;
}

function readPassword(file: string): string {
	if (existsSync(file)) return readFileSync(file, "utf8");
	throw new EmbeddedError(`The password of the embedded database is gone (${file})`, {
		way_out: "Put it back, or remove the folder to begin with an empty database.",
	});
}

async function initialise(
	{ home, native, account }: NewCluster,
	draft: string,
	password: string,
): Promise<void> {
	const password_draft = join(home, "password.new");
	writeFileSync(password_draft, password, { mode: 0o600 });
	give(password_draft, account);
	try {
		const settings = [
			"--auth=scram-sha-256",
			`--username=${DATABASE}`,
			"--encoding=UTF8",
			"--locale=C",
			"--no-instructions",
		];
		await must(account, [
			join(native, "bin", "initdb"),
			"-D",
			draft,
			`--pwfile=${password_draft}`,
			...settings,
		]);
		await must(
			account,
			[join(native, "bin", "postgres"), "--single", "-D", draft, "template1"],
			`CREATE DATABASE ${DATABASE};\n`,
		);
	} finally {
		rmSync(password_draft, { force: true });
	}
}

async function must(
	account: Account | undefined,
	command: string[],
	input?: string,
): Promise<void> {
	const { status, output } = await runAs(account, command, input);
	// The single-user server reports a failed statement only in its output.
	if (status === 0 && !/ (ERROR|FATAL|PANIC): /.test(output)) return;
	throw new EmbeddedError(`The embedded database cannot be made (status ${status}): ${output}`, {
		way_out: "Set DATABASE_URL to use another.",
	});
}

function emptyFolder(path: string, account: Account | undefined): void {
	rmSync(path, { recursive: true, force: true });
	mkdirSync(path, { mode: 0o700 });
	give(path, account);
}

function give(path: string, account: Account | undefined): void {
	if (account === undefined) return;
	chownSync(path, account.uid, account.gid);
	chmodSync(path, lstatSync(path).isDirectory() ? 0o700 : 0o600);
}
