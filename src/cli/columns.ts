/** Rows under a heading, each column as wide as its widest cell. */
export function columns(heading: readonly string[], rows: readonly (readonly string[])[]): string {
	const all = [heading, ...rows];
	const widths = heading.map((_, at) => Math.max(...all.map((row) => (row[at] ?? "").length)));
	return all
		.map((row) =>
			row
				.map((cell, at) => cell.padEnd(widths[at] ?? 0))
				.join("  ")
				.trimEnd(),
		)
		.join("\n");
}
