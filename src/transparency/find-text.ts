const TEXT_VALUE = /\s*:\s*"([^"\\]*)"/y;

/** A field of JSON that has a plain text, found without reading the rest. */
interface FoundText {
	readonly text: string;
	/** Where the field's name begins. */
	readonly at: number;
	/** Behind the text. */
	readonly end: number;
}

/**
 * The first field of a name that has a text without escapes. The name is searched for as it is, since that is
 * faster than a pattern.
 * @param name in its quotation marks
 */
export function findText(json: string, name: string, from = 0): FoundText | undefined {
	for (let at = json.indexOf(name, from); at >= 0; at = json.indexOf(name, at + 1)) {
		TEXT_VALUE.lastIndex = at + name.length;
		const match = TEXT_VALUE.exec(json);
		if (match !== null) return { text: match[1] ?? "", at, end: TEXT_VALUE.lastIndex };
	}
	return undefined;
}

/** The order that an event is about, as far as can be told without reading it properly. */
export function findOrderId(json: string, from = 0): FoundText | undefined {
	return findText(json, '"order_id"', from);
}
