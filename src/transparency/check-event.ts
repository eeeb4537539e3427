import { contracts } from "../contracts/events.ts";
import { parseSealed } from "./unseal.ts";

/** `ours` was published by millrace; `foreign` does not keep the contract, and others published it. */
export type EventState = "sound" | "foreign" | "broken";

const HEAD_END = "\r\n\r\n";
const SOURCE = "\r\nce-source: /millrace/";

/**
 * Whether an entry is an event as the contract of its subject says. Whatever is published on a stream
 * is recorded, so what other producers got wrong is in the log and no fault of it. What is sealed is taken to
 * be as it should: there is no telling without the key.
 * @param entry as text
 */
export function checkEvent(entry: string): EventState {
	const head_end = entry.indexOf(HEAD_END);
	if (head_end < 0) return "broken";
	const subject = entry.slice(0, entry.indexOf("\r\n"));
	const contract =
		Object.hasOwn(contracts, subject) && contracts[subject as keyof typeof contracts];
	if (contract && keeps(contract, entry.slice(head_end + HEAD_END.length))) return "sound";
	const source = entry.indexOf(SOURCE);
	return source >= 0 && source < head_end ? "broken" : "foreign";
}

function keeps(contract: (typeof contracts)[keyof typeof contracts], text: string): boolean {
	try {
		return contract.schema.safeParse(parseSealed(text)).success;
	} catch {
		return false;
	}
}
