const UNITS_MS: Readonly<Record<string, number>> = {
	ms: 1,
	s: 1_000,
	m: 60_000,
	h: 3_600_000,
	d: 86_400_000,
};

/** Milliseconds of a time such as 24h, 15m, 30s or 500ms; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
	const [, number, unit = ""] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? [];
	return number === undefined ? undefined : Number(number) * (UNITS_MS[unit] ?? 0);
}
