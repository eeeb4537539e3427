import { closeSync, openSync, readFileSync, writeSync } from "node:fs";

const LINES_A_WRITE = 1_000;

/** The generator's own record of what the server accepted, for the verdict. */
export interface Journal {
	/** @param due_ms when the order was due to be sent, milliseconds since the epoch with fraction */
	add(order_id: string, due_ms: number): void;
	close(): void;
}

export function createJournal(file: string): Journal {
	const descriptor = openSync(file, "a");
	let lines = "";
	let count = 0;
	const flush = () => {
		writeSync(descriptor, lines);
		lines = "";
		count = 0;
	};
	return {
		add(order_id, due_ms) {
			lines += `${order_id} ${due_ms}\n`;
			count += 1;
			if (count === LINES_A_WRITE) flush();
		},
		close() {
			flush();
			closeSync(descriptor);
		},
	};
}

/** The accepted orders, by id, with when they were due in milliseconds since the epoch. */
export function readJournal(file: string): ReadonlyMap<string, number> {
	const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
	return new Map(
		lines.map((line) => {
			const space = line.indexOf(" ");
			return [line.slice(0, space), Number(line.slice(space + 1))];
		}),
	);
}
