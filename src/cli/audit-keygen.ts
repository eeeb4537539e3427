import { writeFileSync } from "node:fs";
import { generateKey } from "../transparency/keys.ts";
import type { FlagValues } from "./flags.ts";
import { UsageError } from "./usage-error.ts";

/** Makes a key for the audit log: the private one in a file, the public one beside it and on the screen. */
export async function keygen(values: FlagValues): Promise<number> {
	const file = values.out ?? "audit.key";
	const key = generateKey(values.name ?? `millrace/${crypto.randomUUID().slice(0, 8)}`);
	writeNew(file, `${key.private_text}\n`, 0o600);
	writeNew(`${file}.pub`, `${key.verifier.text}\n`, 0o644);
	console.log(key.verifier.text);
	console.error(`The private key is in ${file}: set audit.key_file to it. The public one is above, and in
${file}.pub: give it to those who are to check the log.`);
	return 0;
}

function writeNew(file: string, text: string, mode: number) {
	try {
		writeFileSync(file, text, { mode, flag: "wx" });
	} catch (cause) {
		if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
		throw new UsageError(`${file} is there already. Name another one with --out.`, { cause });
	}
}
