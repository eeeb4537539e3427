import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ObjectStore } from "../object-store/object-store.ts";
import { openStore } from "../object-store/open-store.ts";
import { KeyError, readVerifierKey, type VerifierKey } from "../transparency/keys.ts";
import type { FlagValues } from "./flags.ts";
import { readSettings } from "./settings.ts";
import { UsageError } from "./usage-error.ts";

/** The log that `--store` names, or else the configured one. */
export async function openLog(values: FlagValues): Promise<ObjectStore> {
	const config = await readSettings(values);
	return openStore(values.store ?? config.audit.store, config.bucket_access);
}

/**
 * The public keys in the file that `--key` names, or else in the one that a laptop's log has.
 * @throws UsageError when there is no such file, KeyError when it holds something else
 */
export async function readKeys(values: FlagValues): Promise<readonly VerifierKey[]> {
	const config = await readSettings(values);
	const file = values.key ?? join(config.data_folder, "audit.key.pub");
	const keys = readText(file).split(/\s+/).filter(Boolean).map(readVerifierKey);
	if (keys.length > 0) return keys;
	throw new KeyError(`${file} has no key in it`);
}

/** @throws UsageError when there is no such file */
export function readText(file: string): string {
	try {
		return readFileSync(file, "utf8");
	} catch (cause) {
		throw new UsageError(`${file} cannot be read: ${(cause as Error).message}.`, { cause });
	}
}

/** The one word that a command takes. @throws UsageError */
export function oneWord(words: readonly string[], name: string): string {
	const [word, ...more] = words;
	if (word !== undefined && more.length === 0) return word;
	throw new UsageError(`Give one ${name}.`);
}
