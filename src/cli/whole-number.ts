import { UsageError } from "./usage-error.ts";

const NUMBER_MAX = 999_999_999;

/**
 * The whole number that a flag is given.
 * @throws UsageError for what is none, or out of the range
 */
export function wholeNumber(
	flag: string,
	text: string,
	{ min = 0, max = NUMBER_MAX } = {},
): number {
	const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
	if (value >= min && value <= max) return value;
	const range = min === 0 ? `up to ${max}` : `from ${min} to ${max}`;
	throw new UsageError(`--${flag} takes a whole number ${range}, not "${text}".`);
}
