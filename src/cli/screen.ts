/** Lines of text on standard output, the last of which may still change where it is a terminal. */
export interface Screen {
	/** Whether lines can change. */
	readonly live: boolean;
	/** Adds text for good. */
	print(text: string): void;
	/** Shows lines below all others until the next call; nothing where lines cannot change. */
	show(lines: readonly string[]): void;
}

interface Terminal {
	readonly isTTY?: boolean;
	readonly columns?: number;
	readonly rows?: number;
	write(text: string): unknown;
}

const ERASE_BELOW = "\x1b[J";

/** A screen on a terminal, or on a pipe or file. */
export function createScreen(out: Terminal): Screen {
	const live = out.isTTY === true;
	let shown: readonly string[] = [];

	const back = () => (shown.length === 0 ? "" : `\x1b[${shown.length}A\r${ERASE_BELOW}`);
	const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");

	/** Longer lines would wrap and more would scroll away, and then they could not be taken back. */
	function fitting(lines: readonly string[]): readonly string[] {
		const { columns = 80, rows = 24 } = out;
		return lines.slice(0, Math.max(rows - 2, 1)).map((line) => line.slice(0, columns - 1));
	}

	return {
		live,
		print(added) {
			const ended = added.endsWith("\n") ? added : `${added}\n`;
			out.write(`${back()}${ended}${text(shown)}`);
		},
		show(lines) {
			if (!live) return;
			const next = fitting(lines);
			if (next.length === 0 && shown.length === 0) return;
			out.write(`${back()}${text(next)}`);
			shown = next;
		},
	};
}
