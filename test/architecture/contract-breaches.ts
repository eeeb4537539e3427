/** A JSON Schema as far as contracts use it. */
export interface JsonSchema {
	readonly properties?: Readonly<Record<string, JsonSchema>>;
	readonly required?: readonly string[];
	readonly items?: JsonSchema;
	readonly [keyword: string]: unknown;
}

/** What is said to people, and to the audit log, and changes nothing of what passes. */
const ANNOTATIONS = new Set([
	"$schema",
	"$id",
	"id",
	"title",
	"description",
	"examples",
	"x-personal",
]);
const STRUCTURE = new Set(["properties", "required", "items"]);

/**
 * What an edit of a released contract breaks. Readers and writers of both forms run side by side, so a
 * message of either has to pass the other: all that may be done is to add optional fields.
 */
export function breachesOf(released: JsonSchema, current: JsonSchema, path = "payload"): string[] {
	return [
		...keywordBreaches(released, current, path),
		...fieldBreaches(released, current, path),
		...(released.items && current.items
			? breachesOf(released.items, current.items, `${path}[]`)
			: []),
	];
}

function keywordBreaches(released: JsonSchema, current: JsonSchema, path: string): string[] {
	const keywords = new Set([...Object.keys(released), ...Object.keys(current)]);
	return [...keywords].flatMap((keyword) => {
		if (ANNOTATIONS.has(keyword) || STRUCTURE.has(keyword)) return [];
		if (Bun.deepEquals(released[keyword], current[keyword])) return [];
		const [before, after] = [released[keyword], current[keyword]].map((it) => JSON.stringify(it));
		return [`${path}: ${keyword} was ${before ?? "not set"}, is ${after ?? "not set"}`];
	});
}

function fieldBreaches(released: JsonSchema, current: JsonSchema, path: string): string[] {
	const { properties: before = {} } = released;
	const { properties: after = {} } = current;
	const was_required = new Set(released.required);
	const is_required = new Set(current.required);
	const kept = Object.entries(before).flatMap(([name, field]) => {
		const edited = after[name];
		if (edited === undefined) return [`${path}.${name}: is gone`];
		const changed = was_required.has(name) !== is_required.has(name);
		return [
			...(changed
				? [`${path}.${name}: was ${demand(was_required, name)}, is ${demand(is_required, name)}`]
				: []),
			...breachesOf(field, edited, `${path}.${name}`),
		];
	});
	const added = Object.keys(after).filter((name) => !(name in before) && is_required.has(name));
	return [...kept, ...added.map((name) => `${path}.${name}: is added and required`)];
}

const demand = (required: ReadonlySet<string>, name: string) =>
	required.has(name) ? "required" : "optional";
