import { existsSync, readFileSync, statSync } from "node:fs";
import { userInfo } from "node:os";
import { EmbeddedError } from "./error.ts";
import { type Account, identity, SERVER_ENV } from "./guard.ts";

const NAMES = ["postgres", "_postgres", "nobody"];

/**
 * Whom PostgreSQL runs as: undefined means as the user of this process. It refuses to run as root,
 * and then the owner of the existing `data` is taken, or a user made for such work.
 *
 * @throws EmbeddedError when nobody fits.
 */
export function chooseAccount(data: string): Account | undefined {
	const { uid } = userInfo();
	const owner = existsSync(data) ? statSync(data).uid : undefined;
	if (uid !== 0) {
		if (owner !== undefined && owner !== uid) throw wrongOwner(data, owner);
		return undefined;
	}
	const accounts = readAccounts(readFileSync("/etc/passwd", "utf8"));
	const account =
		owner !== undefined && owner !== 0
			? accounts.find((known) => known.uid === owner)
			: NAMES.map((name) => accounts.find((known) => known.name === name)).find(
					(known) => known !== undefined,
				);
	if (account === undefined) throw noAccount(owner);
	return account;
}

/** Runs a small program to its end as `account`; the status is 127 when it cannot be run at all. */
export async function runAs(
	account: Account | undefined,
	command: string[],
	input = "",
): Promise<{ status: number; output: string }> {
	try {
		const stdin = Buffer.from(input);
		const pipes = { stdin, stdout: "pipe", stderr: "pipe" } as const;
		const program = Bun.spawn(command, {
			cwd: "/",
			env: SERVER_ENV,
			...pipes,
			...identity(account),
		});
		const output = await Promise.all([program.stdout.text(), program.stderr.text()]);
		return { status: await program.exited, output: output.join("").trim() };
	} catch (error) {
		return { status: 127, output: `${error}` };
	}
}

/** Reads the lines of `/etc/passwd`. */
function readAccounts(passwd: string): Account[] {
	return passwd.split("\n").flatMap((line) => {
		const [name, , uid, gid] = line.split(":");
		if (!name || name.startsWith("#") || !uid || !gid) return [];
		// macOS gives `nobody` the id -2, which the kernel knows as 4294967294.
		return [{ name, uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 }];
	});
}

function wrongOwner(data: string, owner: number): EmbeddedError {
	return new EmbeddedError(`The database in ${data} belongs to user ${owner}`, {
		way_out:
			"Run millrace as that user, choose another folder with --data-dir, or set DATABASE_URL.",
	});
}

function noAccount(owner: number | undefined): EmbeddedError {
	const missing = owner
		? `the database's owner, user ${owner}, has no name here`
		: `there is no user ${NAMES.join(", ")}`;
	return new EmbeddedError(`PostgreSQL does not run as root, and ${missing}`, {
		way_out:
			"Run millrace as an ordinary user, make one (useradd --system postgres), or set DATABASE_URL.",
	});
}
