/** A decoded body or query: every value under its name with brackets, as `metadata[order_id]`. */
export type Form = ReadonlyMap<string, string>;

/**
 * Decodes `application/x-www-form-urlencoded` text. Of values without a position, as `expand[]`, each
 * gets the next one: `expand[0]`, `expand[1]`. Otherwise the last value of a name counts.
 * @throws URIError when a percent sign does not begin an encoded byte.
 */
export function decodeForm(text: string): Form {
	const form = new Map<string, string>();
	let from = 0;
	while (from < text.length) {
		const found = text.indexOf("&", from);
		const to = found === -1 ? text.length : found;
		if (to > from) addPair(form, text.slice(from, to));
		from = to + 1;
	}
	return form;
}

function addPair(form: Map<string, string>, pair: string): void {
	const equals = pair.indexOf("=");
	const name = decode(equals === -1 ? pair : pair.slice(0, equals));
	const value = equals === -1 ? "" : decode(pair.slice(equals + 1));
	form.set(name.endsWith("[]") ? numbered(form, name.slice(0, -2)) : name, value);
}

function numbered(form: Form, name: string): string {
	let position = 0;
	while (form.has(`${name}[${position}]`)) position++;
	return `${name}[${position}]`;
}

function decode(text: string): string {
	const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
	return spaced.includes("%") ? decodeURIComponent(spaced) : spaced;
}

/** The values one level under a name: of `metadata[a]=1` under `metadata`, `{a: "1"}`. */
export function under(form: Form, name: string): Record<string, string> {
	const values: Record<string, string> = Object.create(null);
	const prefix = `${name}[`;
	for (const [key, value] of form) {
		if (key.startsWith(prefix) && key.endsWith("]")) values[key.slice(prefix.length, -1)] = value;
	}
	return values;
}

/** The same for the same names and values in any order. */
export function fingerprint(path: string, form: Form): number {
	let sum = Bun.hash.xxHash32(path);
	for (const [name, value] of form) sum += Bun.hash.xxHash32(`${name}\0${value}`);
	return sum;
}
