import { decodeEntry } from "../contracts/audit-log.ts";
import { checkOrderProof, ProofError, proveOrder } from "../transparency/order-proof.ts";
import { unseal } from "../transparency/unseal.ts";
import { oneWord, openLog, readKeys, readText } from "./audit-access.ts";
import type { FlagValues } from "./flags.ts";

/** Prints a proof that the events of an order are in the audit log. */
export async function prove(values: FlagValues, words: readonly string[]): Promise<number> {
	const order_id = oneWord(words, "order id");
	console.log(JSON.stringify(await proveOrder(await openLog(values), order_id)));
	return 0;
}

/** Checks such a proof with nothing but a public key, and prints what it proves. */
export async function check(values: FlagValues, words: readonly string[]): Promise<number> {
	const file = oneWord(words, "file with a proof");
	const { head, order_id, entries } = checkOrderProof(
		parse(readText(file)),
		await readKeys(values),
	);
	console.log(
		`${entries.length} events of ${order_id} are in ${head.origin}, of ${head.size} entries:`,
	);
	for (const { index, entry } of entries) {
		const { subject, data } = unseal(decodeEntry(entry), undefined);
		console.log(`\n${index}  ${subject}\n${new TextDecoder().decode(data)}`);
	}
	return 0;
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch (cause) {
		throw new ProofError("not a proof: it is no JSON", { cause });
	}
}
