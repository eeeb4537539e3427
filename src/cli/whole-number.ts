import { UsageError } from "./usage-error.ts";

/** @throws UsageError for what is not one */
export function wholeNumber(flag: string, text: string): number {
	if (/^\d{1,9}$/.test(text)) return Number(text);
	throw new UsageError(`${flag} takes a whole number, not "${text}".`);
}
