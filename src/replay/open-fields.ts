import { personalFields } from "../contracts/events.ts";
import { open } from "../transparency/seal.ts";
import { FORGOTTEN, type PersonalKeys } from "../transparency/unseal.ts";
import type { Field, Value } from "./rebuild-order.ts";
import { stepNames, type Told } from "./told.ts";

/** A value as it is sealed in the log. No identifier looks like it. */
export type SealedText = `sealed:${string}`;

/** The value of a rebuilt field as it was published; `FORGOTTEN` where its key is gone. */
export type OpenField = (order_id: string, field: Field) => Value;

/** Finds the keys that are still there. */
export type FindKeys = (key_ids: readonly string[]) => Promise<PersonalKeys>;

const SEALED = /^sealed:([^.]*)\.(.*)$/;
const personal = new Set(personalFields);

/** @returns undefined for what is not sealed */
export function sealedText(given: unknown): SealedText | undefined {
	if (typeof given !== "object" || given === null || !("sealed" in given)) return undefined;
	return `sealed:${given.sealed}`;
}

/** Gets the keys for orders ready. @returns a function that throws SealError where a field is not what was sealed */
export async function openerFor(
	told: Iterable<Told | undefined>,
	findKeys: FindKeys,
): Promise<OpenField> {
	const key_ids = new Set([...told].flatMap((it) => (it ? keyIdsOf(it) : [])));
	const keys: PersonalKeys = key_ids.size > 0 ? await findKeys([...key_ids]) : new Map();
	const known = new Map<string, Value>();
	return (order_id, { name, value }) => {
		const [text, key_id = "", box = ""] = personal.has(name) ? (SEALED.exec(`${value}`) ?? []) : [];
		if (text === undefined) return value;
		const key = keys.get(key_id);
		if (key === undefined) return FORGOTTEN;
		const opened = known.get(text) ?? JSON.parse(open(box, name, order_id, key));
		known.set(text, opened);
		return opened;
	};
}

function keyIdsOf(told: Told): string[] {
	const steps: readonly object[] = [
		...stepNames.flatMap((name) => told[name] ?? []),
		...told.refunds,
	];
	return steps.flatMap((step) =>
		Object.entries(step).flatMap(([name, value]) =>
			personal.has(name) ? (SEALED.exec(`${value}`)?.[1] ?? []) : [],
		),
	);
}
