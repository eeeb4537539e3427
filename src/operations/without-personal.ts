import { personalFields } from "../contracts/events.ts";
import type { FieldChange } from "./edit-letter.ts";

const HIDDEN = "(personal)";
const personal = new Set(personalFields);

/** What the audit log may keep for ever of a change: that something personal changed, not what it is. */
export function withoutPersonal({ field, ...values }: FieldChange): FieldChange {
	const name = field.split(".").at(-1) ?? "";
	const hidden = Object.entries(values).map(([side, value]) => [side, hide(name, value)]);
	return { field, ...Object.fromEntries(hidden) };
}

function hide(name: string, value: unknown): unknown {
	if (personal.has(name)) return HIDDEN;
	// A payload that is no JSON: there is no telling what is in it.
	if (name === "(all)" && typeof value === "string") return HIDDEN;
	return JSON.parse(JSON.stringify(value, (key, it) => (personal.has(key) ? HIDDEN : it)));
}
