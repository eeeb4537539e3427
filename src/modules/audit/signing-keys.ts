import { link, mkdir, open, readFile, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { generateKey, KeyError, readSignerKey } from "../../transparency/keys.ts";
import type { SigningKeys } from "./signer.ts";

/** Where the keys of the log are. */
export interface KeySource {
	/** The keys themselves. */
	readonly text: string | undefined;
	/** A file with them. */
	readonly file: string | undefined;
	/** Where a key is kept that is made when there is none; undefined when none may be made. */
	readonly made_in: string | undefined;
}

/**
 * Reads the keys: the first one signs, others are former ones.
 * @throws KeyError when there is none and none may be made
 */
export async function readSigningKeys({ text, file, made_in }: KeySource): Promise<SigningKeys> {
	if (text !== undefined) return parse(text, "MILLRACE_AUDIT_KEY");
	if (file !== undefined) return parse(await readFile(file, "utf8"), file);
	if (made_in !== undefined) return parse(await readOrMake(made_in), made_in);
	throw new KeyError(
		"Set audit.key_file or MILLRACE_AUDIT_KEY: `millrace audit keygen` makes a key for a bucket's log.",
	);
}

function parse(text: string, where: string): SigningKeys {
	const [signer, ...former] = text.split(/\s+/).filter(Boolean).map(readOne);
	if (signer === undefined) throw new KeyError(`${where} has no key in it`);
	return { signer, former };

	function readOne(line: string) {
		try {
			return readSignerKey(line);
		} catch (cause) {
			throw new KeyError(`${where}: ${(cause as Error).message}`, { cause });
		}
	}
}

/** Of several processes that start at once one makes the key. Its public half is made anew when it is missing. */
async function readOrMake(file: string): Promise<string> {
	await mkdir(dirname(file), { recursive: true });
	const made = generateKey(`millrace/${crypto.randomUUID().slice(0, 8)}`);
	await createOnce(file, `${made.private_text}\n`, 0o600);
	const text = await readFile(file, "utf8");
	await createOnce(`${file}.pub`, `${parse(text, file).signer.verifier.text}\n`, 0o644);
	return text;
}

/** The file appears whole, or is another's already. */
async function createOnce(path: string, text: string, mode: number): Promise<void> {
	const aside = `${path}.${crypto.randomUUID()}`;
	const file = await open(aside, "w", mode);
	await file.writeFile(text);
	await file.sync().finally(() => file.close());
	try {
		await link(aside, path);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
	} finally {
		await unlink(aside);
	}
}
