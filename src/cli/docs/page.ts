/** A page that is made from code, wholly or in part. */
export interface Page {
	/** Relative to the root of the checkout. */
	readonly path: string;
	/** The whole text, given the text that is there now (empty for none). */
	render(current: string): string;
}

/** A page that nobody writes by hand. */
export function wholePage(path: string, text: string): Page {
	return { path, render: () => text };
}

/** A JSON document as a page. */
export function jsonPage(path: string, document: object): Page {
	return wholePage(path, `${JSON.stringify(document, null, "\t")}\n`);
}

/**
 * A part of a page, between `<!-- generated: name -->` and `<!-- end of generated: name -->`.
 * @throws Error when the page does not have the two marks.
 */
export function pagePart(path: string, name: string, text: string): Page {
	const [begin, end] = [`<!-- generated: ${name} -->`, `<!-- end of generated: ${name} -->`];
	return {
		path,
		render(current) {
			const from = current.indexOf(begin);
			const to = current.indexOf(end);
			if (from < 0 || to < from) throw new Error(`${path} has no part "${begin}" to "${end}"`);
			return `${current.slice(0, from)}${begin}\n\n${text}\n\n${current.slice(to)}`;
		},
	};
}

/** A row of a table, with what would end a cell early made harmless. */
export function tableRow(cells: readonly string[]): string {
	return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
